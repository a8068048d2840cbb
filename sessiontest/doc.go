// Package sessiontest helps to test what uses sessions, and what stores them.
//
// # Handlers
//
// A handler needs neither middleware nor cookie to be tested. [Request] puts a
// session that holds a given value into a request, and [Equal] compares what the
// handler made of it, showing the difference if there is one:
//
//	r, cart := sessiontest.Request(t, httptest.NewRequest("POST", "/items?sku=tea", nil), Cart{Customer: "ada"})
//	addItem(httptest.NewRecorder(), r)
//	sessiontest.Equal(t, cart, Cart{Customer: "ada", Items: []Item{{SKU: "tea"}}})
//
// # A store that fails when told to
//
// [NewStore] returns a store for tests of a whole program. It works, and it
// tells what it was asked. [Store.Seed] puts sessions there and returns their
// tokens:
//
//	store := sessiontest.NewStore[Cart](t)
//	token := store.Seed(Cart{Customer: "ada"})
//	… a request whose cookie is token.Reveal() …
//	store.Calls() // Load, Save
//
// What goes wrong once a year in production goes wrong here on request: the
// store is down, slow, or did what it was asked but its answer was lost.
//
//	store.Fail(sessiontest.OpSave, errors.New("disk full"))
//	store.Delay(sessiontest.OpLoad, 3*time.Second)
//	store.LoseReply(sessiontest.OpSave, io.ErrUnexpectedEOF)
//
// [Store.Before] and [Store.After] call a hook around each call, for example to
// do to a session, by way of [Store.Direct], what another request would do just
// then. Everything works inside a [testing/synctest] bubble, where a delay takes
// no time.
//
// [Redis] returns a client of a Redis server that runs inside the test, for what
// is to be tested with that.
//
// # Stores
//
// Who writes a store proves it with [TestStore], which checks every rule that the
// documentation of [session.Store] states, and those of [session.Indexer] and
// [session.Lister] if the store implements them:
//
//	func TestConformance(t *testing.T) {
//		sessiontest.TestStore(t, func(t *testing.T) session.Store[sessiontest.Profile] {
//			return mystore.New[sessiontest.Profile](connect(t))
//		}, nil)
//	}
//
// Each rule is a subtest, and a failure quotes the rule. The suite is itself
// tested on stores that each break one rule.
package sessiontest
