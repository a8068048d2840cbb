// Package sessiontest helps to test applications that use sessions.
//
// # Handlers
//
// The test of a handler needs no middleware and no cookie. [Request] puts a session
// with a given value into a request, and [Equal] compares the session's value
// afterwards:
//
//	r, cart := sessiontest.Request(t, httptest.NewRequest("POST", "/items?sku=tea", nil), Cart{Customer: "ada"})
//	addItem(httptest.NewRecorder(), r, cart)
//	sessiontest.Equal(t, cart, Cart{Customer: "ada", Items: []Item{{SKU: "tea"}}})
//
// # Programs
//
// [NewStore] returns a store for the test of a whole program. It keeps sessions in
// memory and records its calls. [Store.Seed] stores a session and returns its token:
//
//	store := sessiontest.NewStore[Cart](t)
//	token := store.Seed(Cart{Customer: "ada"})
//	... // a request whose cookie is token.Reveal()
//	store.Calls() // Load, Save
//
// The store can fail, be slow, or lose the reply of a call that succeeded:
//
//	store.Fail(sessiontest.OpSave, errors.New("disk full"))
//	store.Delay(sessiontest.OpLoad, 3*time.Second)
//	store.LoseReply(sessiontest.OpSave, io.ErrUnexpectedEOF)
//
// A record can be unreadable, for example because a newer version wrote it:
//
//	store.Corrupt(token.ID(), session.ErrNewer)
//
// [Store.Before] and [Store.After] set hooks that are called around each call. A hook
// can change a session through [Store.Direct], as another request would. All of this
// works inside a [testing/synctest] bubble, where a delay takes no time.
//
// # Other packages
//
//   - interleave: runs overlapping requests in every order of their calls
//   - redistest: runs a Redis server inside the test
//   - storetest, codectest: suites for authors of stores and codecs, and golden
//     files that keep stored sessions readable
package sessiontest
