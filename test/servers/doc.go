// Package servers starts real programs that tests need: Redis, alone, as a
// Cluster or under a Sentinel, and PostgreSQL. Each listens on free ports of
// 127.0.0.1, keeps its data in a folder of its own, and ends with the test that
// started it. They can be killed, started again, halted and read from outside,
// because what happens then is what the tests ask. It touches no server that it
// did not start, and knows nothing of what EasyAuth keeps in them.
//
// All methods are for the goroutine of the test: what goes wrong ends the test.
package servers
