package guides_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/docs/guides"
)

// A request that takes longer than the idle timeout keeps its session by commits.
func TestLongUpload(t *testing.T) {
	for _, test := range []struct {
		name    string
		commits bool
		status  int
	}{
		{"with commits", true, http.StatusOK},
		{"without", false, http.StatusConflict},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				accounts, _ := newAccounts(t)
				h := accounts.Handler(sessions.Handle(func(w http.ResponseWriter, r *http.Request, account *sessions.Session[guides.Account]) {
					for range 12 {
						if test.commits {
							if err := account.Commit(r.Context()); err != nil {
								t.Error(err)
							}
						}
						time.Sleep(10 * time.Minute)
					}
					account.Update(func(a *guides.Account) { a.Items = []string{"film"} })
				}))
				as(t, accounts, h, logIn).Post("/upload", nil).HasStatus(test.status)
			})
		})
	}
}
