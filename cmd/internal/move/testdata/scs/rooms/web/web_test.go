package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/alexedwards/scs/v2"

	"fixture/scs/rooms/booking"
	"fixture/scs/rooms/config"
)

func getContext(r *http.Request) context.Context {
	ctx, err := app.Session.Load(r.Context(), r.Header.Get("X-Session"))
	if err != nil {
		panic(err)
	}
	return ctx
}

func TestBook(t *testing.T) {
	session := scs.New()
	Use(&config.App{Session: session})

	for _, test := range []struct {
		name string
		res  *booking.Reservation
		want string
	}{
		{"with a reservation", &booking.Reservation{Room: 3}, "room 3 is yours"},
		{"without", nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/book", nil)
			ctx := getContext(r)
			r = r.WithContext(ctx)
			if test.res != nil {
				session.Put(ctx, "reservation", *test.res)
			}
			w := httptest.NewRecorder()
			book(w, r)
			if w.Code != http.StatusSeeOther {
				t.Errorf("status %d", w.Code)
			}
			if got := session.GetString(ctx, "flash"); got != test.want {
				t.Errorf("flash %q", got)
			}
			if session.Exists(ctx, "reservation") {
				t.Error("still there")
			}
		})
	}
}
