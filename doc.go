/*
Package sessions gives Go web applications server-side sessions of the
application's own type: no string keys, no casts.

Declare what a visitor's session holds, and make a manager for it:

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

# Five promises

 1. No lost update. Two overlapping requests that change one session both survive.
 2. No resurrection. A destroyed, renewed or expired session never comes back,
    whatever was in flight.
 3. No silent loss. A response never says "done" when the store did not take the
    change.
 4. Nothing for nothing. A request that does not use its session costs no store
    command, no cookie, no Vary.
 5. Secure as it comes. The zero [Options] is what a security review would ask for.

# Reading and changing

Session.Value returns a copy, which the handler may do with what it likes.
Session.Update, Set and Clear change the session; [Take] reads a field once, as
flash messages want it. What an Update did is known exactly: one that leaves the
value as it was writes nothing.

Changes are saved when the response begins. If another request has changed the
session meanwhile, the function given to Update runs again, on the newer value.
So it must change nothing but its argument, and compute from it: c.Count++, and
not c.Count = n + 1 with an n that was read before.

The type may hold whatever can be encoded: strings, numbers, times, structs,
slices, maps and pointers of them, and types that encode themselves. Channels,
functions, interfaces and unexported fields are refused by [New], each with its
path. Times are kept in UTC.

# Logging in and out

After checking the credentials, log in:

	cart.LogIn(func(c *Cart) { c.Customer = name })

LogIn gives the session a new token, so that a token that an attacker planted
before the log-in is worthless. A log-in form that is sent twice, by a double
click, leaves the visitor logged in.

Give the type a method that names the session's owner:

	func (c Cart) SessionOwner() string { return c.Customer }

If the owner changes without LogIn, the session gets a new token too. The sessions
of one owner can be listed and ended:

	for rec, err := range carts.List(ctx, "ada") { ... }
	carts.Revoke(ctx, "ada", id)              // "end this session"
	carts.RevokeAll(ctx, "ada", cart.ID())    // "log out everywhere else"

Log out with Session.Destroy. A change that follows it begins a new session.

# Stores

memstore keeps sessions in the process: for one server whose visitors may lose
theirs when it restarts. redisstore keeps them in Redis: for several servers, and
across restarts. stores.Open picks one by URL. Both have the same guarantees;
others can be written to the same rules, which sessiontest.TestStore checks.

# Errors

Get returns session.ErrUnavailable if the store does not answer; a handler made
by [Handle] is not called then. If the session cannot be saved, the handler's
response is not sent: Options.ErrorHandler answers, by default with 503, or with
409 if the session was ended by another request. A handler that must know before
it answers calls Session.Commit, and if that fails, [Fail]:

	if err := cart.Commit(r.Context()); err != nil {
		sessions.Fail[Cart](w, r, err)
		return
	}

# Testing

Package sessiontest puts a session into a request without any middleware:

	r, cart := sessiontest.Request(t, httptest.NewRequest("POST", "/items", nil), Cart{Customer: "ada"})
	addItem(httptest.NewRecorder(), r, cart)
	sessiontest.Equal(t, cart, Cart{Customer: "ada", Items: []Item{{SKU: "tea"}}})

# Packages

  - sessions: this page; all that most programs need
  - session: what a session is, and the contract for stores
  - codec: how values become bytes
  - stores, stores/memstore, stores/redisstore: where sessions are kept
  - middleware: net/http, cookies, options
  - sessiontest: tests of handlers, and of stores
*/
package sessions
