// Package redisstore keeps sessions, and the list of revocations, in Redis 6.2 or
// later or in Valkey, through rueidis: in one server, under Sentinel, or in a
// Cluster. It implements session.Store and session.RevocationLog. It sees sealed
// values and HMACs only, and knows nothing of cookies, persons, tokens or HTTP.
//
// # Keys
//
// All begin with easyauth:<realm>: and expire by themselves.
//
//	s:<key>         hash: one record
//	u:<user>        sorted set: the records of a person, by expiry in ms
//	i:<sid>         the same of a session at the identity provider
//	a               the same of all
//	lease:<name>    who has a lease
//	once:<name>     a name that was given to Once
//	revoked         stream: the list of revocations
//	sid:<sid>       a sid that was given to NoteSID
//	changed         not a key but the channel on which changes are told
//
// No script and no command has more than one key, so any of them may be on any
// node of a Cluster. Create writes index entries before the record, and Delete
// removes them after it: an entry may lack its record, never a record its entry.
// What a crash left of an index goes when the record would have expired: Sweep.
//
// # What the user may do
//
// A server needs no more than this; the worker alone needs neither the channel
// nor the stream's commands:
//
//	user easyauth on ><password> ~easyauth:* resetchannels &easyauth:* -@all
//	  +ping +eval +time +exists +del +publish +subscribe +unsubscribe
//	  +hgetall +hmget +hget +hset +get +set +pttl +pexpireat
//	  +zadd +zrem +zscore +zrank +zcount +zrange +scan
//	  +xadd +xdel +xrange +xread +cluster|slots +cluster|shards
//
// and, under Sentinel, +role on the Redis servers, and of the Sentinels
// +subscribe +unsubscribe and +sentinel (in the URL sentinel_username and
// sentinel_password, if they want a user).
//
// # What survives
//
// An answer of Redis means what its configuration makes it mean.
//
//   - appendonly yes, appendfsync always: what was answered survives the end of
//     the process and of the machine.
//   - appendfsync everysec: the end of the process loses nothing that was
//     written to the file; that of the machine loses about the last second, at
//     most two. Then sign-ins of that second are gone, and sessions that were
//     ended in it are back.
//   - snapshots alone, or nothing: everything since the last snapshot is lost,
//     also revocations.
//   - replicas follow without being waited for: a failover loses what had not
//     arrived yet, and a master that is cut off from its replicas goes on
//     answering unless min-replicas-to-write stops it.
//   - maxmemory-policy has to be noeviction: otherwise Redis drops sessions,
//     index entries and revocations when memory is short.
//
// # Time
//
// When a record expires is decided by the clock of Redis. A call ends with its
// context, or after 5 s; one that has ended so may still take effect. Nothing is
// tried again, but connections that were lost are made again by the next call.
package redisstore
