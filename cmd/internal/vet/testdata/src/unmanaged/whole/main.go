// want package:"asks for .*, manages .. and any"

// A program that lacks nothing.
package main

import (
	"log"
	"net/http"

	"fixture/unmanaged/pages"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/stores/memstore"
)

func manager[T any]() *sessions.Manager[T] {
	m, err := sessions.New(memstore.New[T](nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	return m
}

func main() {
	log.Fatal(http.ListenAndServe(":8080", manager[pages.Wish]().Handler(manager[pages.Cart]().Handler(pages.Routes()))))
}
