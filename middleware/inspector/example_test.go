package inspector_test

import (
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/middleware/inspector"
	"github.com/seed48429006/sessions/stores/memstore"
)

// onlyAdministrators is the application's own check.
func onlyAdministrators(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "an example, which is no secret at all" {
			http.Error(w, "only for administrators", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// The pages belong behind the application's own check.
func Example() {
	inspect := inspector.New[Cart](nil)
	carts, err := middleware.New(memstore.New[Cart](nil), &middleware.Options{Observe: inspect.Observe})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	admin := http.StripPrefix("/admin/sessions", inspect.Handler(carts))
	mux.Handle("/admin/sessions/", onlyAdministrators(admin))

	for _, password := range []string{"guess", "an example, which is no secret at all"} {
		r := httptest.NewRequest("GET", "/admin/sessions/", nil)
		r.SetBasicAuth("root", password)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// 403
	// 200
}
