// Package sessiontest helps to test applications that use sessions.
//
// # Handlers
//
// A handler's test needs neither middleware nor cookie. [Request] puts a session
// that holds a given value into a request, and [Equal] compares the session's value
// afterwards:
//
//	r, cart := sessiontest.Request(t, httptest.NewRequest("POST", "/items?sku=tea", nil), Cart{Customer: "ada"})
//	addItem(httptest.NewRecorder(), r)
//	sessiontest.Equal(t, cart, Cart{Customer: "ada", Items: []Item{{SKU: "tea"}}})
//
// # A store that fails on request
//
// [NewStore] returns a store for tests of a whole program. It works, and it records
// its calls. [Store.Seed] puts a session there and returns its token:
//
//	store := sessiontest.NewStore[Cart](t)
//	token := store.Seed(Cart{Customer: "ada"})
//	… a request whose cookie is token.Reveal() …
//	store.Calls() // Load, Save
//
// The store can be down, slow, or lose its reply after a call took effect:
//
//	store.Fail(sessiontest.OpSave, errors.New("disk full"))
//	store.Delay(sessiontest.OpLoad, 3*time.Second)
//	store.LoseReply(sessiontest.OpSave, io.ErrUnexpectedEOF)
//
// A record can be unreadable, for example because a newer version wrote it:
//
//	store.Corrupt(token.ID(), session.ErrNewer)
//
// [Store.Before] and [Store.After] call a hook around each call. A hook can change a
// session through [Store.Direct], as another request would. Everything works inside
// a [testing/synctest] bubble, where a delay takes no time.
//
// # Other packages
//
//   - interleave: overlapping requests in every order of their calls
//   - redistest: a Redis server inside the test
//   - storetest, codectest: suites for authors of stores and codecs, and golden
//     files that keep stored sessions readable
package sessiontest
