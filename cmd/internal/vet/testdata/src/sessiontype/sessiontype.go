package sessiontype

import (
	"net/http"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/stores/memstore"
)

type Cart struct {
	Items  []Item
	Next   *Cart
	When   time.Time
	Hidden chan int `json:"-" msgpack:"-"`
	By     map[string]Item
	base
	Raw raw
}

type base struct{ Base int }

type Item struct{ SKU string }

type raw struct{ b []byte }

func (r raw) MarshalText() ([]byte, error)     { return r.b, nil }
func (r *raw) UnmarshalText(text []byte) error { r.b = text; return nil }

type Bad struct {
	Any    any
	hidden int
	Done   chan bool
	Inner  []struct{ F func() }
	Angle  complex128
}

type Wrong struct{ Err error }

func managers(r *http.Request) {
	sessions.New(memstore.New[Cart](nil), nil)
	sessions.New(memstore.New[*Cart](nil), nil) // want `the session's type is the pointer \*Cart; use Cart, since edits get a pointer to it`
	sessions.New(memstore.New[Bad](nil), nil)   // want `sessions cannot keep Bad.Any: values of an interface are decoded as another type; use a concrete type, or tag it` `Bad.hidden: an unexported field would be lost; export it` `Bad.Done: a channel` `Bad.Inner\[\].F: a function` `Bad.Angle: a complex number`
	sessions.New(memstore.New[any](nil), nil)   // want `sessions cannot keep any: values of an interface`
	sessions.Get[Bad](r)
	sessions.Get[Wrong](r) // want `sessions cannot keep Wrong.Err: values of an interface`
	sessions.Get[map[string]string](r)
}

func generic[T any](r *http.Request) { sessions.Get[T](r) }

var _ = Bad{hidden: 1}
