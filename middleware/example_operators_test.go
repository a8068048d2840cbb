package middleware_test

import (
	"context"
	"fmt"
	"log"
)

// An operator looks at a session, whoever owns it.
func ExampleManager_Record() {
	logins := newLogins()
	id := logIn(logins, "ada", "Firefox").ID() // as a log has it

	rec, err := logins.Record(context.Background(), id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rec.Owner, rec.Value.Browser)
	// Output: ada Firefox
}

// An operator ends a session, whoever owns it.
func ExampleManager_End() {
	logins := newLogins()
	ctx := context.Background()
	id := logIn(logins, "ada", "Firefox").ID()

	fmt.Println(logins.End(ctx, id, ""))
	fmt.Println(logins.End(ctx, id, ""))
	// Output:
	// <nil>
	// session: not found
}

// An administrator takes a note out of a session, whoever owns it.
func ExampleManager_Edit() {
	logins := newLogins()
	ctx := context.Background()
	id := logIn(logins, "ada", "Firefox").ID()

	err := logins.Edit(ctx, id, func(l *Login) { l.Browser = "unknown" })
	if err != nil {
		log.Fatal(err)
	}
	rec, err := logins.Record(ctx, id)
	fmt.Println(rec.Value.Browser, err)
	// Output: unknown <nil>
}

// After a leak, everybody has to log in again.
func ExampleManager_EndAll() {
	logins := newLogins()
	logIn(logins, "ada", "Firefox")
	logIn(logins, "charles", "Safari")

	fmt.Println(logins.EndAll(context.Background(), ""))
	// Output: 2 <nil>
}
