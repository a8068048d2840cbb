package guides

import (
	"fmt"
	"net/http"

	"github.com/seed48429006/sessions"
)

// VisitRoutes returns the pages of an application whose administrators can act as
// users.
func VisitRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /act", sessions.Handle(actAs))
	mux.Handle("POST /act/end", sessions.Handle(actAsOneself))
	mux.Handle("GET /{$}", sessions.Handle(func(w http.ResponseWriter, r *http.Request, visit *sessions.Session[Visit]) {
		fmt.Fprintf(w, "%+v", visit.Value())
	}))
	return mux
}
