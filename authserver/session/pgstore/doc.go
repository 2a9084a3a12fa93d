// Package pgstore keeps sessions in PostgreSQL 13 or later, through pgx. It
// implements session.Store. It sees sealed values and HMACs only, and knows
// nothing of cookies, persons, tokens or HTTP.
//
// # Schema
//
// The tables are easyauth_schema (which version they have), easyauth_sessions,
// easyauth_leases and easyauth_once, in the first schema of the role's
// search_path. They are made, and brought to the version of the program, as soon
// as the database can be reached: in one transaction that holds an advisory lock,
// so that of several replicas that start together one does it and the others find
// it done. A database that has a newer version than the program is refused. When
// the version is right nothing is created, and the role needs no more than
//
//	SELECT on easyauth_schema; SELECT, INSERT, UPDATE, DELETE on the other three
//
// (and CONNECT, and USAGE of the schema); otherwise it needs CREATE on the schema.
// The files in the folder schema can also be applied by hand, in order, each in
// one transaction.
//
// # Time, durability, connections
//
// What has expired is decided by the clock of the database; expired records,
// leases and names are treated as absent before Sweep removes them. What Create
// and Update have written is as durable as synchronous_commit, fsync and the
// replication of the database make it.
//
// A Store has up to MaxConns connections and one for each Watch, which is opened
// with a second one for a moment. One statement is one transaction: there is no
// session state, no prepared statement and no temporary object, so calls work
// through PgBouncer in every pooling mode. Watch needs LISTEN, which works on a
// direct connection or with session pooling. With transaction or statement pooling
// changes are not heard; Watch finds that out when it connects, says so in the
// log, and never tells Connected(true).
//
// The URL should say sslmode=verify-full: its default is that of libpq, prefer,
// which verifies nothing. With several hosts it should say
// target_session_attrs=read-write.
package pgstore
