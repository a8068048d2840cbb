// Package session defines sessions: a [Session] is one visitor's state,
// held as a value of type T, and a [Store] keeps it as a [Record]. The package
// knows neither HTTP nor encodings. Applications use package sessions, which has
// the names that they need; authors of stores and transports use this one.
//
// # Changes
//
// Methods that change a session take effect at once in the session and at commit
// in the store, all of them or none. [Session.Update] passes a copy of the value
// to a function, an edit. A commit compares the edited value with the stored one
// and writes only if they differ.
//
// A commit replaces the stored record only if no other request has changed it
// since it was loaded. Otherwise it loads the newer record, replays the edits on
// it and tries again. So an edit may run more than once. It must modify only its
// argument and must compute from it: v.Count++, not v.Count = n+1 with an n that
// was read before.
//
// # Renewal
//
// A renewal gives a session a new token (OWASP Session Management Cheat Sheet,
// "Renew the Session ID After Any Privilege Level Change"). [Session.LogIn] and
// [Session.Renew] renew, and so does every commit that finds another owner than
// before. [Session.Persist] and a later deadline renew as well, because the
// client needs another cookie.
//
// The new record is stored first. Then the old one is replaced by a marker that
// names its successor and stays for thirty seconds. From then on, requests with
// the old token get the following:
//
//	loaded the session    reads            changes          logs in, by LogIn
//	before                the old value    ErrGone          a new session
//	within 30 seconds     an empty value   ErrGone          a new session
//	later                 an empty value   a new session    a new session
//
// The new session of a log-in begins with a copy of the successor's value if both
// have the same owner. So a double click on "Log in" leaves the visitor logged in
// whichever response the browser takes. It leaves two sessions; the one that the
// browser forgets ends by its idle timeout.
//
// A client that does not receive the renewal response loses the session, unless
// it logs in again.
//
// If the store does not answer in the middle of a renewal, the commit fails with
// [ErrUnavailable]. The old record may be retired, and the new one is stored with
// the commit's changes. So [Session.Token] returns the new token from then on,
// also after [Session.Discard]. The next commit completes the renewal, or finds
// that another request has made that impossible. Then it begins with the old
// record.
package session
