// Package session defines sessions: a [Session] is one visitor's state, held as a value
// of type T, and a [Store] keeps it as a [Record]. The package knows neither HTTP nor
// encodings. Applications use package sessions, which has the names that they need.
// Authors of stores and transports use this package.
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
// # Tokens
//
// A token is the session's [ID], a dot, and a secret. The ID stays the same for life,
// and gives access to nothing. A record keeps the SHA-256 of one to five secrets, as
// [Secrets], the newest first. Each secret has a kind:
//
//   - current: accepted
//   - open: a former one, accepted until the client presents a current one
//   - ending: a former one, accepted for thirty seconds more
//   - ended: worth nothing; requests in flight are recognised for thirty seconds
//
// The thirty seconds are compared with the arrival of the request, so that a slow
// request does not outlive its token.
//
// # Renewal
//
// A renewal gives a session a new token (OWASP Session Management Cheat Sheet,
// "Renew the Session ID After Any Privilege Level Change"). It replaces the record as
// any other change does: all of it, or nothing.
//
// [Session.LogIn], [Session.Renew] and every commit that finds another owner than
// before end all earlier secrets. From then on, requests with an ended token get the
// following:
//
//	loaded the session    reads            changes          logs in, by LogIn
//	before                the old value    ErrGone          joins, or a new session
//	within 30 seconds     an empty value   ErrGone          joins, or a new session
//	later                 an empty value   a new session    a new session
//
// A log-in joins the session if the same owner is logged in there: its edits are made
// on the value that is there, and it gets a secret beside the others. So a double click
// on "Log in" leaves one session, and each response carries a token for it. An attacker
// who planted the token of a session cannot join it without the password. A log-in's
// edit must set every field that grants something.
//
// [Session.Remember] and a later deadline renew as well, because the client needs
// another cookie. They keep the former secrets open: a response may be lost, and
// requests may be under way. The first commit with a current secret gives the open
// secrets an end.
//
// A client that does not receive the response of a log-in loses the session, unless it
// logs in again. A lost response of Remember costs nothing.
//
// # Rotation
//
// [Policy.RotateEvery] bounds how long a stolen token is good for. When a logged-in
// session is used and its newest secret is older, the commit adds a new one, as Remember
// does. Rotation never costs a request: it is left out if the record has no room for
// another secret, if the response has begun, and if another request changes the
// session at the same time.
//
// A request or a connection may last longer than the record keeps its secret. It goes
// on, unless a renewal has ended all secrets.
//
// Only logged-in sessions rotate. Browsers keep the cookie of the response that arrives
// last, and a response with a rotated token may arrive after the response of a log-in
// that has ended that token. The visitor then has to log in again. For the same reason
// Remember belongs into the request of the log-in.
//
// If a former secret is presented after its thirty seconds, it was copied, or a browser
// was restored from a backup. [EventReused] reports that, and [Policy.EndOnReuse] ends
// the session. It is recognised for about three rotations.
//
// # Devices
//
// With [Policy.DeviceLife], a logged-in session can be bound to a key of the visitor's
// device. Each of its secrets then ends after that time, whether it was replaced or
// not, and only a proof of the device adds a secret that lives longer. Secrets that
// other renewals add end with the secret that the request presented, also those of
// [Session.Renew]. A log-in and another owner drop the key, which somebody else may have
// planted with the session. Package middleware has the protocol, Device Bound Session
// Credentials.
//
// # Unknown outcomes
//
// If the store does not answer in the middle of a commit, the commit fails with
// [ErrUnavailable], and no token is handed out. The next commit looks whether the write
// was done. It goes on after it, tries again, or fails if it cannot know. A change is
// never made twice.
package session
