package main

import "net/http"

func (app *application) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ping", ping)

	dynamic := chain{app.sessions.LoadAndSave, app.remember}
	mux.Handle("GET /{$}", dynamic.then(app.home))
	mux.Handle("POST /user/login", dynamic.then(app.login))

	protected := append(dynamic, app.requireLogin)
	mux.Handle("POST /note", protected.then(app.addNote))
	mux.Handle("POST /user/logout", protected.then(app.logout))
	return mux
}

// A chain is middleware, the outermost first.
type chain []func(http.Handler) http.Handler

func (c chain) then(h http.HandlerFunc) http.Handler {
	var next http.Handler = h
	for i := len(c) - 1; i >= 0; i-- {
		next = c[i](next)
	}
	return next
}

func ping(w http.ResponseWriter, r *http.Request) { w.Write([]byte("OK")) }

func (app *application) requireLogin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !app.loggedIn(r) {
			app.sessions.Put(r.Context(), "redirectPathAfterLogin", r.URL.Path)
			http.Redirect(w, r, "/", http.StatusSeeOther)
			return
		}
		w.Header().Add("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// remember notes when the visitor was here first.
func (app *application) remember(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if app.loggedIn(r) && app.sessions.GetTime(r.Context(), seenKey).IsZero() {
			app.sessions.Put(r.Context(), seenKey, app.now())
		}
		next.ServeHTTP(w, r)
	})
}

func (app *application) loggedIn(r *http.Request) bool {
	return app.sessions.Exists(r.Context(), userKey)
}
