package guides

import (
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// hostOf returns the request's host without its port.
func hostOf(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.Host); err == nil {
		return strings.ToLower(host)
	}
	return strings.ToLower(r.Host)
}

// NewTenants makes one manager for all tenants, with a cookie for each.
func NewTenants(store sessions.Store[Account], secret []byte) (*sessions.Manager[Account], error) {
	return sessions.New(store, &sessions.Options{
		Secrets: [][]byte{secret},
		CookieFor: func(r *http.Request, c sessions.Cookie) sessions.Cookie {
			tenant, _, _ := strings.Cut(hostOf(r), ".")
			c.Name = "account_" + tenant
			return c
		},
	})
}

// NewDomains makes one manager for several domains, whose subdomains share a session.
func NewDomains(store sessions.Store[Account], secret []byte) (*sessions.Manager[Account], error) {
	return sessions.New(store, &sessions.Options{
		Secrets: [][]byte{secret},
		CookieFor: func(r *http.Request, c sessions.Cookie) sessions.Cookie {
			for _, domain := range []string{"shop.example", "shop.test"} {
				if host := hostOf(r); host == domain || strings.HasSuffix(host, "."+domain) {
					c.Name, c.Domain = "account_"+strings.ReplaceAll(domain, ".", "_"), domain
				}
			}
			return c
		},
	})
}

// Tenants gives each tenant a manager and a namespace of its own, over one client.
type Tenants struct {
	Client redis.UniversalClient
	Known  func(tenant string) bool // clients choose the host: serve only existing tenants

	mu       sync.Mutex
	handlers map[string]http.Handler
}

// Handler serves each tenant's host with the tenant's own sessions.
func (t *Tenants) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tenant, _, _ := strings.Cut(hostOf(r), ".")
		if !t.Known(tenant) {
			http.NotFound(w, r)
			return
		}
		h, err := t.handler(tenant, next)
		if err != nil {
			sessions.DefaultErrorHandler(w, r, err)
			return
		}
		h.ServeHTTP(w, r)
	})
}

func (t *Tenants) handler(tenant string, next http.Handler) (http.Handler, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if h := t.handlers[tenant]; h != nil {
		return h, nil
	}
	store, err := redisstore.New(t.Client, "account-"+tenant, codec.MessagePack[Account](), nil)
	if err != nil {
		return nil, err
	}
	accounts, err := sessions.New(store, nil)
	if err != nil {
		return nil, err
	}
	if t.handlers == nil {
		t.handlers = make(map[string]http.Handler)
	}
	t.handlers[tenant] = accounts.Handler(next)
	return t.handlers[tenant], nil
}

// NewPaths serves a shop and its administration, each with its own sessions.
func NewPaths(accounts, staff sessions.Store[Account], shop, admin http.Handler) (http.Handler, error) {
	visitors, err := sessions.New(accounts, &sessions.Options{
		Cookie: sessions.Cookie{Name: "shop"},
	})
	if err != nil {
		return nil, err
	}
	clerks, err := sessions.New(staff, &sessions.Options{
		Cookie: sessions.Cookie{Name: "admin", Path: "/admin", SameSite: http.SameSiteStrictMode},
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", visitors.Handler(shop))
	mux.Handle("/admin/", clerks.Handler(admin))
	return mux, nil
}
