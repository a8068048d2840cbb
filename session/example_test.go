package session_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

type Cart struct {
	Customer string
	Items    []string
	Notices  []string
}

func (c Cart) SessionOwner() string { return c.Customer }

// newCart returns a session that is stored.
func newCart(store session.Store[Cart], items ...string) *session.Session[Cart] {
	cart := session.New(store, nil)
	cart.Set(Cart{Items: items})
	if err := cart.Commit(context.Background()); err != nil {
		log.Fatal(err)
	}
	return cart
}

// reload returns the session as another request loads it.
func reload(store session.Store[Cart], token session.Token) *session.Session[Cart] {
	cart, err := session.Load(context.Background(), store, nil, token, time.Time{})
	if err != nil {
		log.Fatal(err)
	}
	return cart
}

func ExampleNew() {
	store := memstore.New[Cart](nil)
	cart := session.New(store, nil)
	cart.Update(func(c *Cart) { c.Items = append(c.Items, "tea") })
	if err := cart.Commit(context.Background()); err != nil {
		log.Fatal(err)
	}
	token, ok := cart.Token() // for the client
	fmt.Println(token, ok, store.Len())
	// Output: [redacted] true 1
}

func ExampleLoad() {
	store := memstore.New[Cart](nil)
	token, _ := newCart(store, "tea").Token()

	text := token.Reveal() // as the client sends it back
	token, err := session.ParseToken(text)
	if err != nil {
		log.Fatal(err)
	}
	cart, err := session.Load(context.Background(), store, nil, token, time.Time{})
	if err != nil {
		log.Fatal(err) // the visitor is unknown, not anonymous
	}
	fmt.Println(cart.Value().Items, cart.IsNew())
	// Output: [tea] false
}

func ExampleSession_Update() {
	store := memstore.New[Cart](nil)
	cart := newCart(store, "bread")
	token, _ := cart.Token()
	other := reload(store, token)

	cart.Update(func(c *Cart) { c.Items = append(c.Items, "tea") })
	other.Update(func(c *Cart) { c.Items = append(c.Items, "milk") })
	for _, s := range []*session.Session[Cart]{cart, other} {
		if err := s.Commit(context.Background()); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(reload(store, token).Value().Items)
	// Output: [bread tea milk]
}

func ExampleSession_LogIn() {
	store := memstore.New[Cart](nil)
	cart := newCart(store, "tea")
	before, _ := cart.Token()

	cart.LogIn(func(c *Cart) { c.Customer = "ada" }) // the password was right
	if err := cart.Commit(context.Background()); err != nil {
		log.Fatal(err)
	}
	after, _ := cart.Token()
	fmt.Println("same token:", after.Equal(before))
	fmt.Println("the old token opens", reload(store, before).Value().Items)
	fmt.Println("the new token opens", reload(store, after).Value().Items)
	// Output:
	// same token: false
	// the old token opens []
	// the new token opens [tea]
}

// A visitor whose session was ended is told why at the next request.
func ExampleSession_Ended() {
	store, policy := memstore.New[Cart](nil), &session.Policy{KeepEnded: 24 * time.Hour}
	cart := session.New(store, policy)
	cart.LogIn(func(c *Cart) { c.Customer = "ada" })
	if err := cart.Commit(context.Background()); err != nil {
		log.Fatal(err)
	}
	token, _ := cart.Token()
	of := func(rec *session.Record[Cart]) bool { return rec.Owner == "ada" }
	if _, err := session.EndIf(context.Background(), store, policy, cart.ID(), "password_changed", of); err != nil {
		log.Fatal(err)
	}

	next, err := session.Load(context.Background(), store, policy, token, time.Time{})
	if err != nil {
		log.Fatal(err)
	}
	end, err := next.Ended(context.Background())
	fmt.Println(end.Reason, err)
	// Output: password_changed <nil>
}

func ExampleSession_Renew() {
	store := memstore.New[Cart](nil)
	cart := newCart(store, "tea")
	id := cart.ID()
	before, _ := cart.Token()
	cart.Renew() // the visitor's privileges have changed
	if err := cart.Commit(context.Background()); err != nil {
		log.Fatal(err)
	}
	after, _ := cart.Token()
	fmt.Println("same session:", cart.ID() == id, cart.Value().Items)
	fmt.Println("same token:", after.Equal(before))
	// Output:
	// same session: true [tea]
	// same token: false
}

func ExampleSession_Destroy() {
	store := memstore.New[Cart](nil)
	cart := newCart(store, "tea")
	cart.Destroy()
	cart.Update(func(c *Cart) { c.Notices = append(c.Notices, "You are logged out.") })
	if err := cart.Commit(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(cart.Value().Items, cart.Value().Notices, store.Len())
	// Output: [] [You are logged out.] 1
}

func ExampleSession_Commit() {
	store := memstore.New[Cart](nil)
	cart := newCart(store, "tea")
	token, _ := cart.Token()
	other := reload(store, token)
	other.Destroy()
	if err := other.Commit(context.Background()); err != nil {
		log.Fatal(err)
	}

	cart.Update(func(c *Cart) { c.Items = append(c.Items, "milk") })
	err := cart.Commit(context.Background())
	fmt.Println(errors.Is(err, session.ErrGone), cart.Gone())
	// Output: true true
}

func ExampleSession_Discard() {
	cart := newCart(memstore.New[Cart](nil), "tea")
	cart.Clear()
	fmt.Println(cart.Value().Items, cart.Modified())
	cart.Discard()
	fmt.Println(cart.Value().Items, cart.Modified())
	// Output:
	// [] true
	// [tea] false
}

func ExampleSession_Changes() {
	cart := newCart(memstore.New[Cart](nil), "tea")
	cart.Update(func(c *Cart) { c.Items, c.Customer = []string{"tea"}, "ada" })
	fmt.Println(cart.Changes())
	// Output: [Customer]
}

func ExampleSession_Remember() {
	store := memstore.New[Cart](nil)
	cart := session.New(store, nil)
	cart.LogIn(func(c *Cart) { c.Customer = "ada" })
	cart.Remember(true) // the visitor has ticked "remember me"
	if err := cart.Commit(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(cart.Remembered(), time.Until(cart.Expires()).Round(time.Hour))
	// Output: true 336h0m0s
}

// A WebSocket looks what other requests have made of its session.
func ExampleSession_Reload() {
	store := memstore.New[Cart](nil)
	cart := newCart(store, "tea")
	token, _ := cart.Token()
	other := reload(store, token)
	other.Update(func(c *Cart) { c.Items = append(c.Items, "milk") })
	if err := other.Commit(context.Background()); err != nil {
		log.Fatal(err)
	}

	if err := cart.Reload(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(cart.Value().Items)
	// Output: [tea milk]
}

func ExampleSession_SetDeadline() {
	cart := newCart(memstore.New[Cart](nil), "tea")
	cart.SetDeadline(time.Now().Add(10 * time.Minute)) // of a transaction
	if err := cart.Commit(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(time.Until(cart.Deadline()).Round(time.Minute))
	// Output: 10m0s
}

// EventKinds gives each kind of event a counter, before the first has occurred.
func ExampleEventKinds() {
	counters := make(map[session.EventKind]int)
	for _, kind := range session.EventKinds() {
		counters[kind] = 0
	}
	fmt.Println(len(counters), "counters")
	// Output: 21 counters
}

// An observer watches how long operations take.
func ExampleEvent_Ends() {
	observe := func(_ context.Context, e session.Event) {
		if e.Ends() && e.Duration < time.Minute {
			fmt.Println(e.Operation, "ended as", e.Kind, "in time")
		}
	}
	cart := session.New(memstore.New[Cart](nil), &session.Policy{Observe: observe})
	cart.Set(Cart{Items: []string{"tea"}})
	fmt.Println(cart.Commit(context.Background()))
	// Output:
	// commit ended as created in time
	// <nil>
}

// A cart is ordered once, also if the button is pressed twice.
func ExampleOnce() {
	ctx := context.Background()
	errEmpty := errors.New("the cart is empty")
	cart := newCart(memstore.New[Cart](nil), "tea", "cup")

	order := func(c *Cart) ([]string, error) {
		if len(c.Items) == 0 {
			return nil, errEmpty
		}
		items := c.Items
		c.Items = nil
		return items, nil
	}
	for range 2 {
		items, err := session.Once(ctx, cart, order)
		fmt.Println(items, err)
	}
	// Output:
	// [tea cup] <nil>
	// [] the cart is empty
}
