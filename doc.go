/*
Package sessions gives Go web applications server-side sessions of the
application's own type, without string keys and casts.

Declare the value of a visitor's session, and make a manager for it:

	type Cart struct {
		Customer string
		Items    []Item
		Notices  []string
	}

	carts, err := sessions.New(memstore.New[Cart](nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	http.ListenAndServe(":8080", carts.Handler(mux))

A handler takes its session as an argument, or asks for it:

	mux.Handle("POST /items", sessions.Handle(addItem))

	func addItem(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
		cart.Update(func(c *Cart) { c.Items = append(c.Items, itemFrom(r)) })
		fmt.Fprintln(w, len(cart.Value().Items), "items")
	}

	func show(w http.ResponseWriter, r *http.Request) {
		cart, err := sessions.Get[Cart](r)
		...
	}

Code that can return no error, such as a template's function, asks for the session that
is loaded already:

	if cart, ok := sessions.Loaded[Cart](r.Context()); ok { ... }

# Five promises

 1. No lost update. Two overlapping requests that change one session both survive.
 2. No resurrection. A destroyed, renewed or expired session never comes back,
    whatever was in flight.
 3. No silent loss. A response never says "done" when the store did not take the
    change. After the first byte, only a broken-off response can say so, and some
    proxies hide that from the client: see package middleware.
 4. Nothing for nothing. A request that does not use its session costs no store
    command, no cookie, no Vary.
 5. Secure as it comes. The zero [Options] is what a security review would ask for.

# The methods of a Session

[Session] is an alias, so pkg.go.dev and go doc list its methods elsewhere:
[github.com/seed48429006/sessions/session.Session].

Reading:

	Value() T                a copy of the value, with the changes made so far
	ID() ID                  the session's public name, for its whole life
	IsNew() bool             the session is not stored yet
	Created, LoggedIn        when the session was first stored; the last log-in
	Renewed                  when the session got its token
	Expires, Deadline        when it ends without use; at the latest
	IdleTimeout()            how long it lives without use
	Token() (Token, bool)    the token, for transports other than HTTP
	Remembered() bool        the session outlives the browser: see Remember
	Bound() bool             only the visitor's device can keep it: Options.DeviceBound
	Gone() bool              another request ended the session
	Ended(ctx) (Ending, error)
	                         why the session that the visitor had has ended
	Modified() bool          there is something to commit
	Changes() []string       the paths of the changed fields

Changing. Changes are stored when the response begins:

	Update(func(*T))         edits the value
	Set(T), Clear()          replaces the value; sets it to zero
	LogIn(func(*T))          edits the value at a log-in; renews the token
	Renew()                  gives the session a new token
	Remember(bool)           makes the session outlive the browser ("remember me")
	SetDeadline(time.Time)   sets the absolute end
	SetIdleTimeout(d)        sets the idle timeout of this session
	SetPassive(bool)         makes this request no use of the session
	Destroy()                ends the session
	Discard()                drops the changes made so far
	Commit(ctx) error        stores the changes now
	Reload(ctx) error        gets the value that the store has now

[Take] reads a field once. [Once] saves an edit and returns its result, for what must
work once. [Passive] makes a handler's requests no use of their sessions, for pages that
poll. Package session documents each method.

An Update that leaves the value as it was writes nothing. If another request
changes the session first, the function given to Update runs again, on the
newer value. So it must modify only its argument, and compute from it: c.Count++,
not c.Count = n+1 with an n that was read before.

The type may hold everything that can be encoded: strings, numbers, times, structs,
slices, maps and pointers of them, and types that encode themselves. [New] refuses
channels, functions, interfaces and unexported fields, each with its path. Times
are kept in UTC.

# The methods of a Manager

[Manager] is an alias of [github.com/seed48429006/sessions/middleware.Manager].
[New] makes one.

	Handler(http.Handler) http.Handler    the middleware: gives requests their sessions
	Open(ctx, token)                      opens a session outside HTTP: jobs, RPC
	Watch(ctx, *Session) context.Context  ends with the session: live connections
	WatchChanges(ctx, *Session)           the same, and a channel that tells of changes
	ByOwner(ctx, owner)                   yields the sessions of an owner
	LastUsed(Record) time.Time            when a listed session was last used
	Revoke(ctx, owner, id, reason) error  ends one session of this owner only
	RevokeAll(ctx, owner, reason, keep...)
	                                      ends all sessions of this owner but those to keep
	UpdateOwner(ctx, owner, edit)         edits all sessions of this owner
	All(ctx)                              yields all sessions, for operators
	Record(ctx, id)                       returns a session whoever owns it, for operators
	Edit(ctx, id, edit) error             edits a session whoever owns it, for operators
	End(ctx, id, reason) error            ends a session whoever owns it, for operators
	EndAll(ctx, reason) (int, error)      ends all sessions, for operators
	Options() Options                     the options, with defaults filled in

# The fields of Options

[Options] is an alias of [github.com/seed48429006/sessions/middleware.Options], and
[Cookie] of [github.com/seed48429006/sessions/middleware.Cookie]. Zero is the default,
here in parentheses.

	Lifetime        the absolute timeout (24 hours)
	IdleTimeout     how long a session lives without use (one hour)
	Remember        the times of sessions after Session.Remember(true) (two weeks)
	Passive         tells requests that do not keep the session alive (none)
	MaxPerOwner     how many sessions an owner may have (any number)
	RotateEvery     how long a token lives before use replaces it (for life)
	DeviceBound     binds log-ins to the visitor's device (no)
	EndOnReuse      ends a session whose former token comes back late (no)
	AtMax           who yields at MaxPerOwner: the oldest session, or the log-in (the session)
	KeepEnded       how long the reason of an end is kept for [Ended] (not at all)
	Secrets         sign the cookie; the first signs, all verify (not signed)
	AcceptUnsigned  takes unsigned cookies while secrets are introduced (no)
	Cookie          the cookie: Name (session_id), Domain, Path, SameSite (Lax),
	                Partitioned, Insecure
	CookieFor       gives hosts and tenants a cookie of their own (one for all)
	Transport       how the token travels (in the cookie)
	SaveTimeout     how long a commit may take
	WatchInterval   how often Watch asks the store
	HoldBack        bytes of a response to hold back for late changes (none)
	ErrorHandler    answers if a session cannot be loaded or saved (DefaultErrorHandler)
	Observe         is called with each Event (nothing)
	Logger          gets trouble and hints for operators (slog.Default)

# Logging in and out

After checking the credentials, log in:

	cart.LogIn(func(c *Cart) { c.Customer = name })

LogIn gives the session a new token and ends all others, so that a token that an
attacker planted before the log-in is worthless. A log-in form that is sent twice, by a
double click, leaves the visitor logged in, in one session. So the function given to
LogIn must set every field that grants something.

Session.LoggedIn tells a handler whether to ask for the password again, before it
changes an address or pays.

Give the type a method that names the session's owner:

	func (c Cart) SessionOwner() string { return c.Customer }

If the owner changes without LogIn, the session gets a new token too. The sessions
of one owner can be listed and ended. A session keeps its ID for life, so a form that
was shown yesterday still names the right one:

	for rec, err := range carts.ByOwner(ctx, "ada") { ... }
	carts.Revoke(ctx, "ada", id, sessions.ReasonRevoked)              // "end this session"
	carts.RevokeAll(ctx, "ada", sessions.ReasonRevoked, cart.ID())    // "log out everywhere else"
	carts.UpdateOwner(ctx, "ada", edit)                               // edits all of them

Log out with Session.Destroy. A change that follows it begins a new session.

# Stores

Package memstore keeps sessions in the process, for one server whose visitors may
lose their sessions when it restarts. Package redisstore keeps them in Redis, for
several servers and across restarts. Package sqlstore keeps them in PostgreSQL,
MySQL, MariaDB or SQLite, and can save them in the application's own transaction.
Package kvstore keeps them in bbolt, Badger, NATS JetStream, memcached, or any other
store that can compare and set.
stores.Open chooses by URL. All give the same guarantees. Other stores can implement
[Store].

# Operating

[ConfigFromEnv] reads the settings of operators from the environment, [ParseConfig]
from JSON:

	SESSIONS_STORE              where sessions are kept: redis://localhost:6379/0
	SESSIONS_NAMESPACE          tells programs apart that share a store
	SESSIONS_LIFETIME           the absolute timeout: 24h, or 86400 in seconds
	SESSIONS_IDLE_TIMEOUT       the idle timeout
	SESSIONS_REMEMBER_LIFETIME  the absolute timeout after Remember(true): 30d
	SESSIONS_MAX_PER_OWNER      how many sessions an owner may have
	SESSIONS_SECRET             signs the cookie
	SESSIONS_SECRET_FILE        a file that holds the secret

stores.FromEnv opens the store and makes the manager in one step:

	carts, store, err := stores.FromEnv(ctx, os.Environ(), "shop", codec.MessagePack[Cart](), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

[Config] lists the others. Options.CookieFor gives each tenant or domain of one program
a cookie of its own. [LogEvents] and [Metrics] report events to Options.Observe, several
with [Observers]:

	metrics := new(sessions.Metrics)
	expvar.Publish("sessions", metrics)
	o := &sessions.Options{Observe: sessions.Observers(metrics.Observe, sessions.LogEvents(nil))}

The modules middleware/promsessions and
middleware/otelsessions report them to Prometheus and OpenTelemetry. Package
middleware/inspector is an operators' page. Manager.Watch ends a live connection, such
as a WebSocket, with its session, and Manager.WatchChanges tells it of changes.

The guides in docs/guides explain concepts, log-ins, proxies, operating, and how to
move from other libraries.

# Errors

	ErrNoSession      500   Get: the middleware is missing, or has another type
	ErrUnavailable    503   the store did not answer; the outcome is unknown
	ErrConflict       503   other requests kept changing the session
	ErrGone           409   another request ended the session, or logged in
	ErrLate           500   the change needs a cookie, but the response has begun
	ErrTooLarge       500   the session is larger than its store accepts
	*EncodeError      500   the value cannot be stored

If the session cannot be saved, the handler's response is not sent.
Options.ErrorHandler answers instead, by default with the status above. A handler
that must know the outcome before it answers calls Session.Commit, and on an error
[Fail]:

	if err := cart.Commit(r.Context()); err != nil {
		sessions.Fail[Cart](w, r, err)
		return
	}

# Testing

Package sessiontest puts a session into a request without any middleware:

	r, cart := sessiontest.Request(t, sessiontest.FormRequest("/items", tea), Cart{Customer: "ada"})
	addItem(httptest.NewRecorder(), r, cart)
	sessiontest.Equal(t, cart, Cart{Customer: "ada", Items: []Item{{SKU: "tea"}}})

Its client walks through an application as a browser does.

# Packages

  - sessions: this page; the names that applications need
  - session: what a session is; the contract for stores
  - codec: how values become bytes
  - stores, stores/memstore, stores/redisstore, stores/sqlstore, stores/kvstore: where
    sessions are kept
  - middleware: net/http, cookies, options
  - sessiontest: for tests of applications, and of stores
*/
package sessions
