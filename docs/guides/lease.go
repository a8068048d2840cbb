package guides

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/seed48429006/sessions"
)

// Booking is the session of a visitor who pays once.
type Booking struct {
	Seats   []string
	Payment Payment
}

// Payment is work that must happen once, although it takes several requests to know that
// it is done. The lease says which request is doing it.
type Payment struct {
	Key     string    // of this payment, for the provider: it charges once for each
	Lease   time.Time // until then, one request is paying
	Receipt string    // of the payment that was made; empty before
}

var errBusy = errors.New("another request is paying")

// pay charges the visitor once, even if the visitor clicks again or a server dies at any
// point.
func pay(charge func(ctx context.Context, key string) (receipt string, err error), newKey func() string) http.HandlerFunc {
	return sessions.Handle(func(w http.ResponseWriter, r *http.Request, booking *sessions.Session[Booking]) {
		now, key := time.Now(), newKey() // outside of the edit, which may run again
		p, err := sessions.Once(r.Context(), booking, func(b *Booking) (Payment, error) {
			p := &b.Payment
			if p.Receipt == "" && now.Before(p.Lease) {
				return Payment{}, errBusy
			}
			if p.Key == "" {
				p.Key = key
			}
			if p.Receipt == "" {
				p.Lease = now.Add(time.Minute)
			}
			return *p, nil
		})
		if errors.Is(err, errBusy) {
			http.Error(w, "Your payment is under way. Please wait a minute.", http.StatusConflict)
			return
		}
		if err == nil && p.Receipt == "" {
			ctx, cancel := context.WithDeadline(r.Context(), p.Lease) // another request may take over then
			defer cancel()
			if p.Receipt, err = charge(ctx, p.Key); err == nil {
				booking.Update(func(b *Booking) { b.Payment.Receipt = p.Receipt })
				err = booking.Commit(r.Context())
			}
		}
		if err != nil {
			sessions.Fail[Booking](w, r, err)
			return
		}
		http.Redirect(w, r, "/receipts/"+p.Receipt, http.StatusSeeOther)
	})
}

// PaymentPage returns the page that takes the payment.
func PaymentPage(bookings *sessions.Manager[Booking], charge func(ctx context.Context, key string) (receipt string, err error), newKey func() string) http.Handler {
	return bookings.Handler(pay(charge, newKey))
}
