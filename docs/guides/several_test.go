package guides_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/docs/guides"
	"github.com/seed48429006/sessions/sessiontest"
	"github.com/seed48429006/sessions/sessiontest/redistest"
	"github.com/seed48429006/sessions/stores/memstore"
)

// collects adds an item to the session at each visit.
var collects = sessions.Handle(func(w http.ResponseWriter, r *http.Request, account *sessions.Session[guides.Account]) {
	account.Update(func(a *guides.Account) { a.Items = append(a.Items, "tea") })
	fmt.Fprint(w, "items: ", len(account.Value().Items))
})

var secret = []byte("an example, which is no secret at all")

func managed(t *testing.T, m *sessions.Manager[guides.Account], err error) http.Handler {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return m.Handler(collects)
}

// Each way keeps tenants apart, in the browser and for a cookie that is copied by hand.
func TestTenantsAreKeptApart(t *testing.T) {
	one, err := guides.NewTenants(memstore.New[guides.Account](nil), secret)
	own := &guides.Tenants{Client: redistest.New(t), Known: func(tenant string) bool { return tenant != "nobody" }}
	for name, h := range map[string]http.Handler{"names": managed(t, one, err), "namespaces": own.Handler(collects)} {
		t.Run(name, func(t *testing.T) {
			ada := sessiontest.NewClient(t, h)
			ada.Get("https://acme.example.com/").Has("items: 1")
			acme := ada.Cookies()[0]
			ada.Get("https://globex.example.com/").Has("items: 1")
			ada.Get("https://acme.example.com/").Has("items: 2")
			ada.Get("https://globex.example.com/").Has("items: 2")
			for _, c := range ada.Cookies() {
				r := httptest.NewRequest("GET", "https://globex.example.com/", nil)
				r.Header.Set("Cookie", c.Name+"="+acme.Value)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if w.Body.String() != "items: 1" {
					t.Errorf("a token of acme, in the cookie %s, gives globex %q", c.Name, w.Body)
				}
			}
		})
	}
	sessiontest.NewClient(t, own.Handler(collects)).Get("https://nobody.example.com/").HasStatus(http.StatusNotFound)
}

func TestDomainsShareSessionsAmongTheirHosts(t *testing.T) {
	m, err := guides.NewDomains(memstore.New[guides.Account](nil), secret)
	ada := sessiontest.NewClient(t, managed(t, m, err))
	ada.Get("https://www.shop.example/").Has("items: 1")
	ada.Get("https://shop.test/").Has("items: 1")
	ada.Get("https://cart.shop.example/").Has("items: 2")
	ada.Get("https://cart.shop.test/").Has("items: 2")
	ada.Get("https://elsewhere.example/").Has("items: 1")
}

func TestPathsKeepSessionsOfTheirOwn(t *testing.T) {
	h, err := guides.NewPaths(memstore.New[guides.Account](nil), memstore.New[guides.Account](nil), collects, collects)
	if err != nil {
		t.Fatal(err)
	}
	ada := sessiontest.NewClient(t, h)
	for i := range 2 {
		want := fmt.Sprint("items: ", i+1)
		ada.Get("/").Has(want)
		ada.Get("/admin/").Has(want)
	}
}
