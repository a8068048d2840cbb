// want package:"asks for .{fixture/unmanaged/pages.Cart fixture/unmanaged/pages} {fixture/unmanaged/pages.Wish fixture/unmanaged/pages}., manages .fixture/unmanaged/pages.Cart fixture/unmanaged/pages.Wish."

// A program whose manager is made in a package that main does not see.
package main

import (
	"log"
	"net/http"

	"fixture/unmanaged/indirect/site"
	"fixture/unmanaged/pages"
)

func main() {
	http.HandleFunc("/ping", func(http.ResponseWriter, *http.Request) {})
	log.Println(pages.Cart{}.Count)
	log.Fatal(http.ListenAndServe(":8080", site.Handler()))
}
