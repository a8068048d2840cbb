package routers_test

import (
	"log"
	"net/http"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/examples/routers"
	"github.com/seed48429006/sessions/stores/memstore"
)

// Any router will do that is an http.Handler.
func Example() {
	carts, err := sessions.New(memstore.New[routers.Cart](nil), nil)
	if err != nil {
		log.Fatal(err)
	}
	router := http.NewServeMux()
	http.ListenAndServe(":8080", carts.Handler(router))
}
