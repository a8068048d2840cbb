package guides

import (
	"net/http"

	"github.com/seed48429006/sessions"
)

// NewMixed serves the same pages over TLS and over plain http. Each has a store of its
// own, since a token that was seen on plain http must not open a session on TLS.
func NewMixed(onTLS, onPlain sessions.Store[Account], next http.Handler) (http.Handler, error) {
	secure, err := sessions.New(onTLS, nil)
	if err != nil {
		return nil, err
	}
	plain, err := sessions.New(onPlain, &sessions.Options{Cookie: sessions.Cookie{Insecure: true}})
	if err != nil {
		return nil, err
	}
	secureHandler, plainHandler := secure.Handler(next), plain.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
			secureHandler.ServeHTTP(w, r)
			return
		}
		plainHandler.ServeHTTP(w, r)
	}), nil
}

// NewProtected refuses requests from other sites. The proxy must pass the Host on.
func NewProtected(accounts *sessions.Manager[Account], mux http.Handler) (http.Handler, error) {
	csrf := http.NewCrossOriginProtection()
	if err := csrf.AddTrustedOrigin("https://shop.example"); err != nil {
		return nil, err
	}
	return csrf.Handler(accounts.Handler(mux)), nil
}
