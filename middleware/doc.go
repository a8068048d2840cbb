// Package middleware gives the requests of a net/http application their sessions. It
// finds the token, and loads the session when it is first asked for. It commits the
// session before the response begins, and carries the cookie.
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
//  1. A request that does not ask for its session costs no store command, and its
//     response gets no cookie and no Vary header.
//  2. The first call of [Get], [FromContext] or [Handle] loads the session if the
//     request bears a token that is well formed and, with [Options].Secrets,
//     genuine. A token that the store does not know is never adopted. If the store
//     does not answer, the error is [session.ErrUnavailable].
//  3. The session is committed before the first byte of the response. A client
//     that disconnects does not stop the commit. If the commit fails,
//     [Options].ErrorHandler answers in the handler's place, when that has returned.
//  4. A cookie is sent only with a token that the client does not have yet, or to
//     clear the token of an ended session. Such a response is not cacheable. Every
//     response that used the session varies by the cookie, and is private unless
//     the handler sets Cache-Control.
//  5. If another request ends the session first, or logs in, nothing is saved and no
//     cookie is sent. A request that changed nothing keeps its response. Any other
//     gets a 409.
//
// The section "Renewal" of package session lists the answers to requests that are in
// flight around a log-in. Only a log-in gets a cookie then, so that the browser keeps
// the cookie of the log-in, in whatever order responses arrive.
//
// A cookie that an old secret of [Options].Secrets signed is accepted, and stays as it
// is until the session gets another token. To send it again with a new signature could
// overwrite the cookie of a log-in.
//
// # After the first byte
//
// Changes made after the first byte of the response are committed when the handler
// returns. A change that needs a cookie is refused: [session.ErrLate]. A session
// that is first asked for after the first byte is refused as well, since the
// response cannot vary by the cookie any more.
//
// If such a late commit fails, the response is broken off, by [http.ErrAbortHandler]
// and by a write deadline that has passed, so that a recovery middleware cannot hide
// it. A client that sees the connection end early does not take the response for
// complete. Some proxies hide that from the client: Caddy, HAProxy with HTTP/2
// clients, and nginx unless proxy_http_version is 1.1. A client of HTTP/1.0 cannot
// tell either, unless the response has a Content-Length. There, a late change can be
// lost although the client sees a whole response.
//
// A response can be complete before its handler returns. If its session was asked
// for, the manager keeps the end back until the late changes are saved: the last byte
// of a body with a Content-Length; and the whole of a response without a body, such
// as those to HEAD, and those with status 204 or 304. Flush does not send these.
//
// Remedies are to change the session before the first byte, to call
// [session.Session.Commit] and look at its error, or to set [Options].HoldBack. It
// holds the response back until the handler returns.
//
// # Timeouts
//
// A request that has run out of time saves nothing: its client was told so by the
// timeout, or is told so by [Options].ErrorHandler. The time ends with the deadline of
// the request's context, or of a context with which a handler asked for the session, as
// [http.TimeoutHandler] and routers make them. The error is [session.ErrTimeout].
// Changes that the handler has committed itself stay, and a log-out is carried out.
//
// Put timeouts within the manager's handler. Around it, they end the request before
// code that runs after the handler, such as a framework's error handler: [Get] then
// returns [session.ErrLate]. Nor can [Options].ErrorHandler answer, since the timeout
// has.
//
// # Limits of a wrapped writer
//
// [http.MaxBytesReader] closes the connection of a request that is too large only
// if it is given the server's own writer. The manager's writer closes an HTTP/1
// connection when the handler answers with 413. For handlers with other answers,
// put [http.MaxBytesHandler] around the manager's handler.
//
// A response is broken off through the writers around the manager, so these need a
// method Unwrap, as [http.ResponseController] does. If one has none, and a recovery
// middleware swallows [http.ErrAbortHandler], a response without a Content-Length looks
// complete.
//
// A handler that writes more than its Content-Length gets [http.ErrContentLength],
// and the client gets as much as was declared. The temporary files of a multipart
// form are removed when the manager's handler has returned.
//
// Code around the manager may change the session after the handler has returned,
// as a framework's error handler does. It must write through the manager's writer,
// which commits the change.
//
// # Security
//
// The zero [Options] follow OWASP's Session Management Cheat Sheet. The token has 256
// random bits. The cookie is Secure, HttpOnly and SameSite=Lax, and its __Host-
// prefix binds it to the host. Sessions have an idle and an absolute timeout, and a
// log-in renews the token. The store and the logs see only a hash of the token.
//
// Against cross-site requests use [http.CrossOriginProtection] around the
// manager's handler.
package middleware
