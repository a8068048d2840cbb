package main // want package:"asks for .*Visit.*Cart.*Wish.*, manages .fixture/unmanaged/pages.Cart."

import (
	"log"
	"net/http"

	"fixture/unmanaged/pages"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/stores/memstore"
)

type Visit struct{ Count int }

func main() { // want `package fixture/unmanaged/pages asks for a session of type pages.Wish, but the program makes no manager for this type; make one by sessions.New`
	carts, err := sessions.New(memstore.New[pages.Cart](nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	go http.ListenAndServe(":8081", carts.Handler(pages.Routes()))

	mux := http.NewServeMux()
	mux.Handle("/", sessions.Handle(visit)) // want `no manager wraps the mux that serves this handler, so that it fails with ErrNoSession; serve manager.Handler\(mux\)` `asks for a session of type unmanaged.Visit, but the program makes no manager`
	go http.ListenAndServe(":8082", mux)

	inServer := http.NewServeMux()
	inServer.Handle("/", sessions.Handle(pages.Cards)) // want `no manager wraps the mux`
	server := &http.Server{Handler: inServer}
	go server.ListenAndServe()

	http.Handle("/", sessions.Handle(pages.Cards)) // want `no manager wraps the mux that serves this handler`
	go http.ListenAndServe(":8083", nil)

	// What follows is right.

	wrapped := http.NewServeMux()
	wrapped.Handle("/", sessions.Handle(pages.Cards))
	go http.ListenAndServe(":8084", carts.Handler(wrapped))

	each := http.NewServeMux()
	each.Handle("/", carts.Handler(sessions.Handle(pages.Cards)))
	each.HandleFunc("/plain", func(http.ResponseWriter, *http.Request) {})
	log.Fatal(http.ListenAndServe(":8085", each))
}

func visit(w http.ResponseWriter, r *http.Request, v *sessions.Session[Visit]) {}
