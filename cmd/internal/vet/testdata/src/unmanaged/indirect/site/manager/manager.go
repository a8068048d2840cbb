package manager // want package:"asks for .*, manages .*Cart .*Wish."

import (
	"net/http"

	"fixture/unmanaged/pages"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/stores/memstore"
)

func Wrap(h http.Handler) http.Handler {
	carts, err := sessions.New(memstore.New[pages.Cart](nil), nil)
	if err != nil {
		panic(err)
	}
	wishes, err := sessions.New(memstore.New[pages.Wish](nil), &sessions.Options{Cookie: sessions.Cookie{Name: "wishes"}})
	if err != nil {
		panic(err)
	}
	return carts.Handler(wishes.Handler(h))
}
