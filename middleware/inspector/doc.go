// Package inspector shows operators the live sessions of a manager, and ends them.
//
//	inspect := inspector.New[Cart](nil)
//	carts, err := sessions.New(store, &sessions.Options{Observe: inspect.Observe})
//	...
//	admin := http.StripPrefix("/admin/sessions", inspect.Handler(carts))
//	mux.Handle("/admin/sessions/", onlyAdministrators(admin))
//
// The pages show which sessions changed last, the sessions of one owner, and a
// survey by age, last use, size and owner. They find a session by the ID that logs print,
// an owner by the exact name, and other owners by its beginning. They end one session, or
// all of an owner, when the operator has confirmed it.
//
// # Access
//
// The handler does no authorization: everyone who reaches it sees and ends all sessions.
// It must be behind the application's own check. It refuses requests from other sites.
// Its pages run no script, load nothing from elsewhere, are not kept by caches and cannot
// be framed.
//
// A page shows IDs, owners, times, sizes and the names of changed fields. It never
// shows a token. It shows values only if [Options].ShowValues is set, one at a time.
//
// # Cost
//
// Opening the first page costs no store command. A survey, and the search for the
// beginning of a name, read at most [MaxSurvey] sessions, an owner's page at most
// [MaxOwned].
package inspector
