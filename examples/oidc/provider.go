package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"math/big"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// A provider is a small OpenID provider with one client. It believes everybody who
// tells a name.
type provider struct {
	http.Handler
	issuer string
	client *client
	key    *rsa.PrivateKey

	mu    sync.Mutex
	codes map[string]grant
}

// A grant is the log-in for which a code stands.
type grant struct{ user, nonce, challenge string }

const keyID = "1"

func newProvider(issuer string, c *client) *provider {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	mux := http.NewServeMux()
	p := &provider{Handler: mux, issuer: issuer, client: c, key: key, codes: map[string]grant{}}
	mux.HandleFunc("GET /.well-known/openid-configuration", p.metadata)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("GET /authorize", p.ask)
	mux.HandleFunc("POST /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	return p
}

func (p *provider) metadata(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, metadata{p.issuer, p.issuer + "/authorize", p.issuer + "/token", p.issuer + "/keys"})
}

func (p *provider) keys(w http.ResponseWriter, r *http.Request) {
	n := base64.RawURLEncoding.EncodeToString(p.key.N.Bytes())
	e := base64.RawURLEncoding.EncodeToString(big.NewInt(int64(p.key.E)).Bytes())
	writeJSON(w, map[string]any{"keys": []map[string]string{{"kty": "RSA", "kid": keyID, "n": n, "e": e}}})
}

var askPage = template.Must(template.New("ask").Parse(`<!DOCTYPE html>
<html lang="en">
<title>Provider</title>
<form method="post">
<p><label>Who are you? <input name="user" required></label></p>
<p><button>It is me</button></p>
</form>`))

func (p *provider) ask(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	askPage.Execute(w, nil)
}

// authorize sends the user back to the client with a code. It knows the only address
// for it: any other would get the code into the wrong hands.
func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != p.client.ID || q.Get("redirect_uri") != p.client.Redirect || q.Get("code_challenge_method") != "S256" {
		http.Error(w, "This is none of our clients.", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	p.mu.Lock()
	p.codes[code] = grant{r.PostFormValue("user"), q.Get("nonce"), q.Get("code_challenge")}
	p.mu.Unlock()
	back := url.Values{"code": {code}, "state": {q.Get("state")}}
	http.Redirect(w, r, p.client.Redirect+"?"+back.Encode(), http.StatusSeeOther)
}

// token gives an ID token for a code, once.
func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	code := r.PostFormValue("code")
	p.mu.Lock()
	g, ok := p.codes[code]
	delete(p.codes, code)
	p.mu.Unlock()
	id, secret, _ := r.BasicAuth()
	if !ok || id != url.QueryEscape(p.client.ID) || secret != url.QueryEscape(p.client.Secret) ||
		challenge(r.PostFormValue("code_verifier")) != g.challenge {
		http.Error(w, `{"error": "invalid_grant"}`, http.StatusBadRequest)
		return
	}
	writeJSON(w, map[string]string{"token_type": "Bearer", "id_token": p.sign("RS256", claims{
		Issuer:   p.issuer,
		Subject:  g.user,
		Audience: id,
		Expires:  time.Now().Add(time.Minute).Unix(),
		Nonce:    g.nonce,
	})})
}

// sign returns an ID token (RFC 7515).
func (p *provider) sign(alg string, c claims) string {
	part := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(data)
	}
	text := part(map[string]string{"alg": alg, "kid": keyID}) + "." + part(c)
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(nil, p.key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}
