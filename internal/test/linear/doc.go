// Package linear checks that sessions are linearizable: that whatever several
// clients did at the same time, each of them saw what it would have seen if each
// request had happened at once, at some moment between its beginning and its end.
//
// Clients make random requests for a few sessions: they read them, change them,
// renew them, log in and out, and revoke all sessions of an owner. Stores fail
// and lose replies meanwhile. The history of what was asked and answered is given
// to a checker (Porcupine), which looks for an order that explains it.
//
//	go test .
//
// A history has a seed, which a failure shows and which makes the same history
// again if the store is in memory:
//
//	SESSIONS_SEED=42 go test -run Memory .
//
// SESSIONS_HISTORIES says how many histories are to be checked.
//
// It is a module of its own so that users of sessions do not inherit the checker.
package linear
