// Package middleware gives the requests of a net/http application their
// sessions: it finds the token, loads the session when it is first asked for,
// commits it before the response begins, and carries the cookie.
//
// A [Manager] wraps the application's handler:
//
//	carts, err := middleware.New(memstore.New[Cart](nil), nil)
//	if err != nil {
//		log.Fatal(err)
//	}
//	http.ListenAndServe(":8080", carts.Handler(mux))
//
// Handlers take the session as an argument, by [Handle], or ask for it, by [Get].
//
// # The life of a request
//
//  1. A request that does not ask for its session costs no store command and
//     gets no cookie and no Vary header.
//  2. The first call of [Get], [FromContext] or [Handle] loads the session, if
//     the request bears a token that is well formed and, with
//     [Options.Secrets], genuine. A token that the store does not know is never
//     adopted. If the store does not answer, the error is
//     [session.ErrUnavailable]: a visitor does not become nobody because a
//     server is down.
//  3. Before the first byte of the response the session is committed. The
//     client's disconnect does not stop that. If it fails, [Options.ErrorHandler]
//     answers in the handler's place.
//  4. A cookie is set only if the client must learn something: a new token, the
//     end of the session, another lifetime. Such a response is not cacheable.
//     A response that used the session varies by the cookie.
//  5. Changes after the first byte are committed when the handler returns. What
//     would need a cookie is refused by then: [session.ErrLate].
//  6. If another request destroyed or renewed the session meanwhile, nothing is
//     saved and no cookie is sent. A request that changed nothing keeps its
//     response; one that did gets a 409.
//
// # Requests in flight around a log-in
//
// A log-in, as any renewal, makes the old token invalid, and requests that the
// browser sent with it may still be on their way. What they get depends on when
// they ask for their session:
//
//	asked for           if it is only read      if it is changed
//	before, and saved   as always               the change is in the new session
//	before, not saved   its old value           409; nothing is saved
//	ten seconds after   an empty value          409; nothing is saved
//	later               an empty value          a new session, with a cookie
//
// None but the last gets a cookie, so that the browser keeps the one of the
// log-in, in whatever order responses arrive.
//
// A log-in form that is sent twice is such a case. If the second click comes
// before the first response, the browser waits for the second only, which is a
// 409: the new token was in the first, and nobody is given it for knowing the old
// one, or whoever had planted that would be logged in too. The visitor can log in
// again after ten seconds. What the session held is in the one whose token was
// lost, which ends unused, or by [Manager.RevokeAll]. Let the form's button work
// once only, and let [Options.ErrorHandler] lead a log-in that meets
// [session.ErrGone] on to the page behind it, as the example of
// [DefaultErrorHandler] does.
//
// # Security
//
// The zero [Options] follow OWASP's Session Management Cheat Sheet: 256 random
// bits, a cookie that is Secure, HttpOnly, SameSite=Lax and bound to the host by
// its __Host- prefix, an idle and an absolute timeout, and renewal when the
// owner changes. The store and the logs see a hash of the token only.
//
// Against cross-site requests use [http.CrossOriginProtection] around the
// manager's handler.
package middleware
