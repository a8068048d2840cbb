package guides_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/docs/guides"
	"github.com/seed48429006/sessions/sessiontest"
)

// A provider charges once for each key.
type provider struct{ charged map[string]bool }

func (p *provider) charge(ctx context.Context, key string) (string, error) {
	if p.charged[key] = true; ctx.Err() != nil {
		return "", ctx.Err()
	}
	return "receipt-of-" + key, nil
}

func TestAVisitorPaysOnce(t *testing.T) {
	pay := func(tab *sessiontest.Client) { tab.Fetch("POST", "/pay", "") }
	test := func(t testing.TB, o *sessiontest.Order) {
		store, keys := sessiontest.NewStore[guides.Booking](t), 0
		shop := &provider{map[string]bool{}}
		bookings, err := sessions.New(store, nil)
		if err != nil {
			t.Fatal(err)
		}
		mux := http.NewServeMux()
		mux.Handle("/", bookings.Handler(sessions.Handle(func(w http.ResponseWriter, r *http.Request, s *sessions.Session[guides.Booking]) {
			s.Update(func(b *guides.Booking) { b.Seats = []string{"12 A"} })
		})))
		mux.Handle("/pay", guides.PaymentPage(bookings, shop.charge, func() string { keys++; return fmt.Sprint(keys) }))
		ada := sessiontest.NewClient(t, mux)
		ada.Get("/")
		o.Together(ada, pay, pay)
		if len(shop.charged) > 1 || len(shop.charged) == 0 && o.Fault() == "" {
			t.Errorf("%d payments", len(shop.charged))
		}
		if got := sessiontest.Peek[guides.Booking](ada).Value().Payment; o.Fault() == "" && got.Receipt == "" {
			t.Errorf("the receipt is lost: %+v", got)
		}
	}
	sessiontest.EveryOrder(t, test)
	sessiontest.EveryOutage(t, test)
}

func TestAPaymentThatFailsIsTriedAgain(t *testing.T) {
	store := sessiontest.NewStore[guides.Booking](t)
	bookings, err := sessions.New(store, nil)
	if err != nil {
		t.Fatal(err)
	}
	errDeclined := errors.New("declined")
	ada := sessiontest.NewClient(t, guides.PaymentPage(bookings, func(context.Context, string) (string, error) { return "", errDeclined }, func() string { return "1" }))
	ada.Post("/pay", nil).HasStatus(http.StatusInternalServerError)
	ada.Post("/pay", nil).HasStatus(http.StatusConflict).Has("under way")
}
