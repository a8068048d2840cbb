// Package sessiontest helps to test applications that use sessions. Five things
// suffice for most tests:
//
//   - [Request] puts a session into a request, for the test of a handler.
//   - [NewClient] walks through an application as a browser does.
//   - [Peek] shows the client's session between two steps, and [Equal] compares it.
//   - [NewStore] makes a store that can fail, wait, and let another request be first.
//   - [EveryOrder] runs a test in every order of overlapping requests.
//
// # Handlers
//
// The test of a handler needs no middleware and no cookie:
//
//	r, cart := sessiontest.Request(t, sessiontest.FormRequest("/items", tea), Cart{Customer: "ada"})
//	addItem(httptest.NewRecorder(), r, cart)
//	sessiontest.Equal(t, cart, Cart{Customer: "ada", Items: []Item{{SKU: "tea"}}})
//
// # Flows
//
// A [Client] keeps cookies by the rules of browsers, follows redirects and links, and
// fills in the forms that it finds in a page. A [Page] has checks that show the page
// when they fail:
//
//	ada := sessiontest.NewClient(t, handler)
//	ada.Get("/login")
//	ada.Submit("Log in", url.Values{"name": {"ada"}}).At("/").Has("Hello ada").Told(sessiontest.CookieRenewed)
//	sessiontest.Equal(t, sessiontest.Peek[Cart](ada), Cart{Customer: "ada"})
//
// [LogIn] logs a client in without the application's own page:
//
//	sessiontest.LogIn(ada, Cart{Customer: "ada"})
//	ada.Get("/account").Has("Hello ada")
//
// [Client.Tab] is another tab, [Client.Other] another person, [Client.Copy] a thief of
// the cookies, and [Client.TabAt] a page of another site. Everything here works inside
// a [testing/synctest] bubble, where a test waits for the end of a session in no time:
//
//	synctest.Test(t, func(t *testing.T) {
//		ada := sessiontest.NewClient(t, newHandler(sessiontest.NewStore[Cart](t)))
//		sessiontest.LogIn(ada, Cart{Customer: "ada"})
//		time.Sleep(session.DefaultIdleTimeout)
//		ada.Get("/account").At("/login")
//	})
//
// A test with a real network or browser cannot run in a bubble. [Store.Age] makes the
// stored sessions older there.
//
// # Edits
//
// Edits run again when another request is first. So a [Store] lets each run twice, and
// fails the test if the results differ: see [NewStore].
//
// # Outages
//
// A [Store] keeps sessions in memory. Each of these is a line of a test:
//
//	store.Down()                               // until store.Up()
//	store.Slow(3 * time.Second)                // each call waits
//	store.LoseReplies()                        // each call is carried out, and fails
//	store.ChangeMeanwhile(func(c *Cart) { … }) // another request is first
//	store.EndMeanwhile()                       // a log-out is first
//
// [Page.Failed] checks for which error the client got its answer. [Store.Fail],
// [Store.Delay] and [Store.LoseReply] are the same for one method, [Store.Corrupt] for
// one session. [Store.Before] and [Store.After] set hooks. [Store.Seed] stores a session,
// and [Store.Calls] and [Store.Saved] tell which calls were made.
//
// # Live connections
//
// A [Store] tells at once when a session ends. So the test of a WebSocket, or of
// server-sent events, that [middleware.Manager.Watch] guards sees the connection end
// as soon as another request logs out:
//
//	go func() { ada.Get("/events"); close(ended) }()
//	synctest.Wait()
//	ada.Tab().Post("/logout", nil)
//	<-ended
//
// # Races
//
// [EveryOrder] runs a test once for each order of store calls of the requests that
// overlap, and [EveryOutage] with each fault besides. A failure shows its order in
// words, and how to run that order alone.
//
// # Without a test
//
// TestMain, examples and programs have no [testing.TB]. Package browser has the steps
// of a Client, [WithSession] is Request, [Diff] is Equal, [PeekTab] is Peek, [LogInTab] is LogIn, and
// [Store.TrySeed] is Seed: they return errors.
//
// # Other packages
//
//   - redistest: runs a Redis server inside the test
//   - storetest, codectest: suites for authors of stores and codecs, and golden
//     files that keep stored sessions readable
package sessiontest
