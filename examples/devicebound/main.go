// Devicebound is a site whose log-ins are bound to the device: a copied cookie is worth
// ten minutes.
//
//	go run ./examples/devicebound
//
// It serves https with a certificate of its own, and prints the command that starts a
// Chromium which trusts it and keeps its keys in software. Log in, and look at the list
// of devices: "bound". Take the cookie from the developer tools, and use it elsewhere:
//
//	curl -k -b '__Host-session_id=…' https://localhost:8443/
//
// Ten minutes and a half later it opens nothing, while the browser goes on.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"flag"
	"fmt"
	"html/template"
	"log"
	"math/big"
	"net/http"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/stores/memstore"
)

// A Login is the value of each session.
type Login struct {
	User    string
	Browser string
}

// SessionOwner names the session's owner.
func (l Login) SessionOwner() string { return l.User }

func main() {
	addr := flag.String("addr", "localhost:8443", "`address` to listen on")
	flag.Parse()
	s, err := newSite(memstore.New[Login](nil), log.Printf)
	if err != nil {
		log.Fatal(err)
	}
	cert, pin, err := certificate()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("chromium --user-data-dir=$(mktemp -d) --ignore-certificate-errors-spki-list=%s"+
		" --enable-features=DeviceBoundSessions,EnableBoundSessionCredentialsSoftwareKeysForManualTesting https://%s\n", pin, *addr)
	server := &http.Server{Addr: *addr, Handler: s.handler(), TLSConfig: &tls.Config{Certificates: []tls.Certificate{cert}}}
	log.Fatal(server.ListenAndServeTLS("", ""))
}

// A site has the log-ins.
type site struct{ logins *sessions.Manager[Login] }

func newSite(store sessions.Store[Login], report func(string, ...any)) (*site, error) {
	o := &sessions.Options{
		DeviceBound: sessions.DeviceBound{Enabled: true},
		RotateEvery: 15 * time.Minute, // for browsers that bind nothing
		EndOnReuse:  true,
		Observe: func(_ context.Context, e sessions.Event) {
			switch e.Kind {
			case "bound", "refreshed", "unproven", "skipped", "reused":
				report("session %v of %q: %s %v", e.ID, e.Owner, e.Kind, e.Err)
			}
		},
	}
	logins, err := sessions.New(store, o)
	return &site{logins}, err
}

func (s *site) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", sessions.Handle(s.show))
	mux.Handle("POST /login", sessions.Handle(logIn))
	mux.Handle("POST /logout", sessions.Handle(logOut))
	mux.Handle("POST /end", sessions.Handle(s.end))
	return http.NewCrossOriginProtection().Handler(s.logins.Handler(mux))
}

var page = template.Must(template.New("").Parse(`<!doctype html><title>Bound sessions</title>
{{if .User}}<h1>Hello, {{.User}}.</h1>
<ul>{{range .Devices}}<li>{{.Value.Browser}}, since {{.LoggedIn.Format "15:04"}}{{if .Bound}}, bound{{end}}
<form method="post" action="/end"><button name="id" value="{{.ID}}">End</button></form>{{end}}</ul>
<form method="post" action="/logout"><button>Log out</button></form>
{{else}}<form method="post" action="/login"><label>Name <input name="name" required></label> <button>Log in</button></form>{{end}}`))

// show lists the devices on which the user is logged in.
func (s *site) show(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
	user := login.Value().User
	var devices []sessions.Record[Login]
	if user != "" {
		for rec, err := range s.logins.ByOwner(r.Context(), user) {
			if err != nil {
				sessions.Fail[Login](w, r, err)
				return
			}
			devices = append(devices, rec)
		}
	}
	data := struct {
		User    string
		Devices []sessions.Record[Login]
	}{user, devices}
	if err := page.Execute(w, data); err != nil {
		log.Print(err)
	}
}

// logIn believes everybody, as this is an example of what comes after the password.
func logIn(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
	name, browser := r.PostFormValue("name"), r.UserAgent()
	login.LogIn(func(l *Login) { *l = Login{User: name, Browser: browser} })
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func logOut(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
	login.Destroy()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// end ends the session of another device.
func (s *site) end(w http.ResponseWriter, r *http.Request, login *sessions.Session[Login]) {
	id, err := sessions.ParseID(r.PostFormValue("id"))
	if err == nil {
		err = s.logins.Revoke(r.Context(), login.Value().User, id, sessions.ReasonRevoked)
	}
	if err != nil {
		sessions.Fail[Login](w, r, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// certificate returns a certificate for this machine, and the hash of its key by which
// a browser is told to trust it.
func certificate() (cert tls.Certificate, pin string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return cert, "", err
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 1, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		return cert, "", err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	sum := sha256.Sum256(public)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, base64.StdEncoding.EncodeToString(sum[:]), err
}
