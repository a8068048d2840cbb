package droppederror

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"net/http"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/stores/sqlstore"
)

type Cart struct{ Count int }

func drops(ctx context.Context, cart *sessions.Session[Cart], carts *sessions.Manager[Cart], db *sql.DB) {
	cart.Commit(ctx)                                                                            // want `drops the error of cart.Commit: the changes may not be stored; return it, or call Fail with it`
	defer cart.Commit(ctx)                                                                      // want `drops the error of cart.Commit`
	carts.RevokeAll(ctx, "ada", "")                                                             // want `drops the error of carts.RevokeAll: the sessions may live on; handle it`
	carts.Revoke(ctx, "ada", cart.ID(), "")                                                     // want `drops the error of carts.Revoke`
	carts.End(ctx, cart.ID(), "")                                                               // want `drops the error of carts.End: the sessions may live on; handle it`
	go carts.EndAll(ctx, "")                                                                    // want `drops the error of carts.EndAll`
	sessions.Once(ctx, cart, func(c *Cart) (int, error) { c.Count++; return c.Count, nil })     // want `drops the error of sessions.Once: the edit may not be stored; handle it`
	sqlstore.Transact(ctx, db, nil, func(ctx context.Context, tx *sql.Tx) error { return nil }) // want `drops the error of sqlstore.Transact: the transaction may have been rolled back; handle it`
}

func goesOn(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart]) {
	if err := cart.Commit(r.Context()); err != nil {
		sessions.Fail[Cart](w, r, err) // want `goes on after Fail, which has answered the request; return`
	}
	fmt.Fprintln(w, "done")
}

func changesOn(w http.ResponseWriter, r *http.Request) {
	cart, err := sessions.Get[Cart](r)
	if err != nil {
		sessions.Fail[Cart](w, r, err) // want `goes on after Fail`
		log.Print(err)
	}
	cart.Update(func(c *Cart) { c.Count++ })
}

// What follows is right.

func returns(w http.ResponseWriter, r *http.Request, cart *sessions.Session[Cart], carts *sessions.Manager[Cart]) {
	if err := cart.Commit(r.Context()); err != nil {
		sessions.Fail[Cart](w, r, err)
		log.Print(err)
		return
	}
	_ = cart.Commit(r.Context()) // on purpose
	if n, err := carts.RevokeAll(r.Context(), "ada", ""); err != nil {
		sessions.Fail[Cart](w, r, err)
	} else {
		fmt.Fprintln(w, n, "ended")
	}
}

type framework struct {
	Writer  http.ResponseWriter
	Request *http.Request
}

func (c *framework) Abort() {}

func inAFramework(c *framework) {
	cart, err := sessions.Get[Cart](c.Request)
	if err != nil {
		sessions.Fail[Cart](c.Writer, c.Request, err)
		c.Abort()
		return
	}
	if err := cart.Commit(c.Request.Context()); err != nil {
		sessions.Fail[Cart](c.Writer, c.Request, err) // want `goes on after Fail`
	}
	fmt.Fprintln(c.Writer, "done")
}

func last(w http.ResponseWriter, r *http.Request, next http.Handler) {
	cart, err := sessions.Get[Cart](r)
	switch {
	case err != nil:
		sessions.Fail[Cart](w, r, err)
	case cart.Value().Count > 0:
		next.ServeHTTP(w, r)
	}
}
