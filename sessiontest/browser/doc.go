// Package browser is a browser without a network, for tests of handlers. It has the
// steps of a sessiontest.Client, which return errors instead of failing a test: for
// TestMain, examples and programs.
//
//	b, err := browser.New(handler, nil)
//	...
//	tab := b.Tab()
//	page, err := tab.Post(ctx, "/login", url.Values{"name": {"ada"}})
//
// # Cookies
//
// Cookies are kept and sent by RFC 6265bis. That includes Domain and Path, Secure and
// SameSite, the prefixes __Host- and __Secure-, Max-Age and Expires, and the limits of
// size and number. A Set-Cookie header that browsers refuse is in [Page.Refused], with
// the reason. The time is [time.Now], so that days pass in no time inside a
// [testing/synctest] bubble.
//
// Two URLs are of the same site if their scheme and registrable domain are the same. The
// public suffixes come from golang.org/x/net/publicsuffix. A cookie without SameSite is
// Lax, but goes with cross-site POST requests for two minutes, as in Chromium.
//
// # Requests
//
// Each step is a navigation of the whole tab, with the headers Origin, Referer and
// Sec-Fetch-* that a browser sends. The handler is called in the caller's goroutine. The
// browser has no scripts, frames or pictures, and no cache except for [Tab.Back].
//
// # Bound sessions
//
// A browser binds sessions to its device where a response offers that, by Device Bound
// Session Credentials, and refreshes their cookies. [Page.Device] has the requests for
// it. It differs from Chromium in that it binds a session before the next request, and
// does not refresh a cookie ahead of its end.
package browser
