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
	mux.Handle("POST /login", sessions.Handle(logInVisit))
	mux.Handle("POST /close", sessions.Handle(closeAccount))
	mux.Handle("POST /act/end", sessions.Handle(actAsOneself))
	mux.Handle("GET /{$}", sessions.Handle(func(w http.ResponseWriter, r *http.Request, visit *sessions.Session[Visit]) {
		fmt.Fprintf(w, "%+v", visit.Value())
	}))
	mux.Handle("GET /secret", sessions.Handle(func(w http.ResponseWriter, r *http.Request, visit *sessions.Session[Visit]) {
		if !mayStepUp(visit) {
			http.Error(w, "your password, please", http.StatusForbidden)
		}
	}))
	return mux
}
