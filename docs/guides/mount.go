package guides

import (
	"net/http"

	"github.com/alexedwards/scs/v2"
	gorilla "github.com/gorilla/sessions"

	"github.com/seed48429006/sessions"
)

func mountSCS(accounts *sessions.Manager[Account], old *scs.SessionManager, mux http.Handler) http.Handler {
	handler := accounts.Handler(MoveFromSCS(old, mux))
	return handler
}

func mountGorilla(accounts *sessions.Manager[Account], store gorilla.Store, mux http.Handler) http.Handler {
	old := http.Cookie{Name: "old", Path: "/", Domain: "shop.example"}
	handler := accounts.Handler(MoveFromGorilla(store, old, mux))
	return handler
}

var _, _ = mountSCS, mountGorilla
