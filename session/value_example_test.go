package session_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// Notices are shown once, on the next page.
func ExampleTake() {
	cart := newCart(memstore.New[Cart](nil), "tea")
	cart.Update(func(c *Cart) { c.Notices = append(c.Notices, "Saved.") })
	notices := func(c *Cart) *[]string { return &c.Notices }
	fmt.Println(session.Take(cart, notices))
	fmt.Println(session.Take(cart, notices))
	// Output:
	// [Saved.]
	// []
}

// The value is a copy. To change it changes nothing of the session.
func ExampleSession_Value() {
	cart := newCart(memstore.New[Cart](nil), "tea")
	cart.Value().Items[0] = "milk"
	fmt.Println(cart.Value().Items, cart.Modified())
	// Output: [tea] false
}

// A Token shows itself only where the client is sent it.
func ExampleToken() {
	token := session.NewToken(session.NewID())
	fmt.Println(token, "has", len(token.Reveal()), "characters")
	again, err := session.ParseToken(token.Reveal()) // from the client
	fmt.Println(again.Equal(token), again.ID() == token.ID(), err)
	// Output:
	// [redacted] has 66 characters
	// true true <nil>
}

func ExampleParseToken() {
	_, err := session.ParseToken("guess")
	fmt.Println(err)
	// Output: session: a token has 66 characters, not 5
}

// A list of a person's sessions has a form for each, with the session's ID.
func ExampleParseID() {
	text := session.NewID().String() // in the form
	id, err := session.ParseID(text)
	fmt.Println(id.String() == text, err)
	_, err = session.ParseID("../" + text[3:])
	fmt.Println(err != nil)
	// Output:
	// true <nil>
	// true
}

// Sessions must not lose anything quietly.
func ExampleCheck() {
	type Job struct {
		Name string
		Done chan bool
		step int
	}
	fmt.Println(session.Check[Job]())
	_ = Job{step: 1}
	// Output:
	// session: Job.Done: a channel cannot be stored; remove it, or tag it `msgpack:"-" json:"-"`
	// session: Job.step: an unexported field would be lost; export it, tag it `msgpack:"-" json:"-"`, or give session_test.Job MarshalText and UnmarshalText
}

// Visitors who ask to be remembered stay for a month, if they come once a week.
func ExamplePolicy() {
	policy := &session.Policy{
		Lifetime:    8 * time.Hour,
		IdleTimeout: 20 * time.Minute,
		Remember:    session.Remember{Lifetime: 30 * 24 * time.Hour, IdleTimeout: 7 * 24 * time.Hour},
	}
	cart := session.New(memstore.New[Cart](nil), policy)
	cart.Set(Cart{Customer: "ada"})
	cart.Remember(true)
	if err := cart.Commit(context.Background()); err != nil {
		log.Fatal(err)
	}
	days := func(at time.Time) float64 { return time.Until(at).Round(time.Hour).Hours() / 24 }
	fmt.Println(days(cart.Deadline()), "days,", days(cart.Expires()), "without use")
	// Output: 30 days, 7 without use
}
