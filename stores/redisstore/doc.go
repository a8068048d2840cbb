// Package redisstore keeps sessions in Redis, or a server that speaks its protocol.
//
//	client, err := redisstore.NewClient("redis://localhost:6379")
//	...
//	carts, err := redisstore.New(client, "carts", codec.MessagePack[Cart](), nil)
//
// It needs Redis 5 or later: a single server, Sentinel or Cluster.
//
// # Clients
//
// [NewClient] makes a client that keeps the deadlines of contexts and gives up soon in
// any case. Any other client does so if its ContextTimeoutEnabled is set; [New] warns if
// it is not. When a context is cancelled, calls return at once or within a second.
//
// Reads go to the primary. New refuses a cluster client that reads from replicas, since a
// replica may still have a session that was ended. It refuses a Ring, because a shard
// that was down comes back with sessions that ended while it was away. It refuses a
// single connection and a pipeline, too.
//
// Do not use go-redis's client-side cache. It serves outdated reads without the store's
// knowledge, so an edit that changes nothing in an outdated value would not be made on
// the newer value. Use a [NearCache] instead.
//
// # Access
//
// A Redis user for sessions needs these ACL rules, here for the namespace carts:
//
//	~carts:*
//	+get +getrange +eval +evalsha +zrange +zrem +scan +info +ping +wait
//	+set +setrange +del +pexpire +time +zscore +zadd +zremrangebyscore +zrevrange
//
// The commands of the last line are called by scripts only. WAIT serves
// [Options].ReplicaAcks, SCAN and INFO [Store.All], PING [Open], which names the
// permissions that are missing: see [Store.Check]. A client of a cluster also
// needs +cluster|slots, +cluster|shards, +readonly and +asking.
// A [NearCache] needs +pttl, +exists, +info and +client|tracking.
//
// # Keys
//
// A session is a string at <namespace>:<ID>. The sessions of an owner are the members
// of a sorted set at <namespace>:owner:<hash of the owner>. The score of each is its
// latest end, by Redis's clock. Every key has a time to live. Tokens are never sent,
// owners only inside of records. No command and no script touches two keys, so that
// Cluster can place them as it likes. A session that times out goes with its key, and
// the store does not hear of it: an example shows how an application can.
//
// # Commands
//
//	Load             GET
//	Open             nothing, or PTTL and GETRANGE together, with a near cache; else GET
//	Save             EVALSHA, and WAIT with it if replicas are to confirm it
//	Touch            EVALSHA
//	Delete           as Save, and ZREM if the session has an owner
//	Exists           GETRANGE
//	ByOwner          ZRANGE, then GETRANGEs in pipelines, and GETs of large records
//	OutlinesByOwner  ZRANGE, then GETRANGEs in pipelines
//	All              INFO and SCAN on every master, then as ByOwner
//
// A Save that creates a session with an owner, or changes its owner or deadline,
// costs another EVALSHA or two. It puts the session into the owner's index first. So
// a crash in between leaves no session that its owner could not find and end.
//
// Reads and scripts of concurrent callers share pipelines. A command is sent at once
// while fewer than two others are under way to its server. Otherwise it waits until a
// command is answered, for at most 20 milliseconds, and is then sent with all others that
// wait. A caller that is alone never waits. Each caller keeps its own context: it returns
// when the context ends, even if the pipeline is still under way. If a pipeline breaks,
// each command that has no reply is sent again by itself. A *redis.Client and a
// *redis.ClusterClient work like this. With any other client, and with
// [Options.ReplicaAcks], each write goes by itself.
//
// The hooks of a client see these commands as pipelines, whose context has the
// last of the callers' deadlines and none of their values.
//
// # Near cache
//
// [Options.NearCache] keeps records in the process, decoded:
//
//	&redisstore.Options{NearCache: redisstore.NearCache{Records: 10_000}}
//
// A request that reads a session which this process has seen costs no command. A request
// that changes it costs one EVALSHA. If the copy was out of date, the EVALSHA reports it,
// and the edits are made on the present record. If an edit changes nothing in a copy, the
// record is loaded first. So no update is lost, and the cache lets no write pass that
// would be refused without it.
//
// The store opens a connection on which it reads and writes the records that it keeps. On
// that connection Redis names each of them when another process changes it (CLIENT
// TRACKING, in RESP3). Replies and names come in the order in which Redis ran the
// commands. So the record that a reply holds is the present one until its key is named.
// Between a change and that message, a request to another process may still read the
// session as it was: changed already, renewed already, or logged out already. Requests to
// the process that made the change see it at once. A process always reads a session from
// Redis if it has no copy, or if the copy has ended. A manager's lists and revocations
// always read from Redis.
//
// A copy is served only within MaxStale after a PING on that connection was sent and
// answered, and its time to live was read from Redis with the record. So a connection
// that is cut, silent or frozen delays a process's view by MaxStale at most. With each
// PING, INFO tells through the client whether it reads from the same server: after a
// failover, the cache is emptied and begins again. While the connection answers nothing
// for 50 milliseconds, commands go through the client. Records of more than 64 KiB, of
// which no copy is kept, and writes that wait for replicas always go through the client.
// Hooks of the client do not see the commands of the connection.
//
// A process that cannot track, for example under Redis 5 or without the permission, logs
// one warning and reads all sessions from Redis. It tries again every few seconds. The
// store changes a key of its own first, to see that the server tells: some servers that
// speak Redis's protocol do not.
//
// The cost: Redis keeps a note of each record that a process has read until the record
// changes, at most tracking-table-max-keys of them. It sends each change, in about 80
// bytes, to the processes that have read the session. Each process sends four PINGs and
// INFOs in MaxStale. A near cache pays where one process serves most requests of a
// session, or sessions are read much more often than they are changed.
//
// A cluster client is refused: its slots move from server to server.
//
// # Faults
//
// A failure of Redis or of the connection to it is [session.ErrUnavailable] around
// the cause.
//
// The store itself sends a command again, as often as the client's options allow. So
// it knows whether an earlier attempt may have run. An attempt that stored the record
// is recognised by its revision. A write that was sent again and is then refused is
// ErrUnavailable, not a conflict: the first attempt may have succeeded and another
// write followed. A creation that is sent again creates nothing, since its session
// may have been found by its owner and ended in between.
//
// When Redis is out of memory, Delete works and Save fails. If Redis evicts keys
// under memory pressure, sessions end early, and an owner's index can go before the
// sessions do: give sessions a Redis with the policy noeviction.
//
// # Replication
//
// Redis acknowledges a write before its replicas have it. If the primary is lost at
// that moment and a replica takes its place, the write is lost. A changed cart is as
// before, and a session that was logged out is back. A primary that is cut off from
// the others, and replaced, loses its later writes in the same way. No client can see
// this, and Redis does not tell.
//
// Two settings of Redis narrow this gap. With min-replicas-to-write 1 and
// min-replicas-max-lag 10, a primary that has lost its replicas for ten seconds
// refuses writes: [session.ErrUnavailable].
//
// [Options.ReplicaAcks] narrows it further. Each Save and Delete sends WAIT
// along, on the same connection, and fails unless so many replicas have the write in
// time. Touch does not. A log-out that too few replicas confirmed is an error,
// although the primary has done it. A visitor who tries again is logged out then,
// unless there was a failover. Each write costs a round trip between primary and
// replicas. Have more replicas than are asked for: otherwise, nothing can be written
// between the loss of one and its replacement. While a slot of a cluster moves, a
// write that is redirected waits for the whole time first, since the node that
// redirects it wrote nothing that its replicas could confirm.
//
// WAIT does not make Redis agree by majority. It says how many replicas had the write,
// not that one of these replicas will be the next primary. If all replicas are asked for,
// any of them has it. With fewer, Sentinel and Cluster prefer the replica that has most,
// but do not promise it. A replica that confirmed a write holds it in memory, and loses
// it if it restarts without its disk.
package redisstore
