// Package cache keeps what was costly to work out, in a bounded number of bytes.
// It never holds more than it was given, forgets what has expired, and makes room
// by forgetting what has not been asked for the longest.
//
// Its keys are digests, so that no token or cookie stays in memory as the name of
// what it stands for. The package knows nothing of what the values are or whether
// they are still true: whoever puts one in says until when it counts.
//
// It starts no goroutine and no timer, and calls nothing of the caller's but the
// clock, outside of its lock.
package cache
