package guides_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/docs/guides"
	"github.com/seed48429006/sessions/sessiontest"
)

func TestRefreshTokenIsRedeemedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens, err := sessions.New(sessiontest.NewStore[guides.Tokens](t), nil)
		if err != nil {
			t.Fatal(err)
		}
		var redeemed atomic.Int32
		down := true
		p := &guides.Refresher{Sessions: tokens, Redeem: func(_ context.Context, refresh string) (string, string, time.Time, error) {
			time.Sleep(time.Second)
			if down {
				return "", "", time.Time{}, errors.New("the provider is down")
			}
			if want := fmt.Sprint("refresh ", redeemed.Add(1)); refresh != want {
				t.Errorf("redeemed %q, want %q", refresh, want)
			}
			return fmt.Sprint("access ", redeemed.Load()+1), fmt.Sprint("refresh ", redeemed.Load()+1), time.Now().Add(time.Hour), nil
		}}
		ada := as(t, tokens, tokens.Handler(sessions.Handle(func(w http.ResponseWriter, r *http.Request, s *sessions.Session[guides.Tokens]) {
			access, err := p.Access(r.Context(), s)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
			fmt.Fprint(w, access)
		})), func(v *guides.Tokens) {
			*v = guides.Tokens{User: "ada", Access: "access 1", Refresh: "refresh 1", Expiry: time.Now().Add(time.Hour)}
		})
		ada.Other().Get("/").HasStatus(http.StatusBadGateway)
		ada.Get("/").Has("access 1")
		time.Sleep(59*time.Minute + 30*time.Second)
		ada.Get("/").HasStatus(http.StatusBadGateway)
		down = false
		var wait sync.WaitGroup
		for range 5 {
			tab := ada.Tab()
			wait.Go(func() { tab.Get("/").Has("access 2") })
		}
		wait.Wait()
		if n := redeemed.Load(); n != 1 {
			t.Errorf("redeemed %d times", n)
		}
	})
}
