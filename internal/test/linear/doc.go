// Package linear checks that sessions are linearizable: the outcomes of concurrent
// requests are those of some order of the same requests one after the other. In that
// order, each request comes after the requests that ended before it began.
//
// Clients make random requests for a few sessions: they read, change, renew, log in
// and out, and revoke all sessions of an owner. Half the requests change their
// session again in the middle of its commit, as another goroutine would. Stores fail
// and lose replies meanwhile. The history of requests and outcomes goes to a checker
// (Porcupine), which looks for an order that the model of a session allows.
//
//	go test .
//
// Each history has a seed. A failure shows the seed, which makes the same history
// again if the store is in memory:
//
//	SESSIONS_SEED=42 go test -run Memory .
//
// SESSIONS_HISTORIES sets the number of histories.
//
// linear is a module of its own, so that users of sessions do not depend on the
// checker.
package linear
