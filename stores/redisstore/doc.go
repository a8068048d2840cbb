// Package redisstore keeps sessions in Redis, or what speaks its protocol.
//
//	client, err := redisstore.NewClient("redis://localhost:6379")
//	...
//	carts, err := redisstore.New(client, "carts", codec.MessagePack[Cart](), nil)
//
// It needs Redis 5 or later. Single servers, Sentinel, Cluster and Ring will do.
//
// # Clients
//
// [NewClient] makes a client that keeps to the deadline of a context and gives
// up soon in any case. A client of the application's own does so if its
// ContextTimeoutEnabled is set; [New] warns about one that is not.
//
// Records are read by plain GETs. A client may therefore have them served by
// replicas or by go-redis's client-side cache. What comes from there may be out
// of date: a change made on it is found to be and made again on the newer value,
// but a session that was just ended may be seen a moment longer, and the list
// of an owner's sessions may lack one that has just begun.
//
// # Keys
//
// A session is a string at <namespace>:<ID>. The sessions of an owner are the
// members of a sorted set at <namespace>:owner:<hash of the owner>, each scored
// by the time, on Redis's clock, at which it ends at the latest. Every key has a
// time to live. Tokens are never sent, owners only inside of records. No command
// and no script touches two keys, so that Cluster can place them as it likes.
//
// # Commands
//
//	Load             GET
//	Save             EVALSHA
//	Touch            EVALSHA
//	Retire, Delete   EVALSHA, and ZREM if the session has an owner
//	Exists           GETRANGE
//	ByOwner          ZRANGE, then GETs in pipelines of 100
//	All              SCAN on every master, then GETs in pipelines of 100
//
// A Save that creates a session with an owner, or changes its owner or deadline,
// puts it into the owner's index first, by another EVALSHA or two, so that a
// crash in between leaves no session that its owner could not find and end.
//
// # Faults
//
// What Redis or the connection to it fails to do is [session.ErrUnavailable]
// around the cause. A write that was sent again because its reply was lost is
// recognised by its revision, unless another write came in between. When Redis
// is out of memory, Delete works and Save fails. If Redis evicts keys under
// memory pressure, sessions end early, and an owner's index can go before the
// sessions do: give sessions a Redis with the policy noeviction.
package redisstore
