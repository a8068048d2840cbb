package main

import (
	"net/http"
	"testing"

	"github.com/seed48429006/sessions/sessiontest"
)

// oldCookie logs a user in at the old manager.
func oldCookie(t *testing.T, app *application) *http.Cookie {
	t.Helper()
	old := app.sessions.Old
	ctx, err := old.Load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	old.Put(ctx, "authenticatedUserID", 1)
	old.Put(ctx, "flash", "still here")
	token, _, err := old.Commit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Cookie{Name: old.Cookie.Name, Value: token, Path: "/"}
}

func TestOldVisitorsStayLoggedIn(t *testing.T) {
	app := newTestApplication(t)
	cookie := oldCookie(t, app)
	mux := http.NewServeMux()
	mux.Handle("/", app.routes())
	mux.HandleFunc("/old", func(w http.ResponseWriter, r *http.Request) { http.SetCookie(w, cookie) })

	visitor, thief := sessiontest.NewClient(t, mux), sessiontest.NewClient(t, mux)
	visitor.Get("/old")
	visitor.Get("/").Has("still here\nuser 1 has []")
	visitor.Get("/").Has("user 1 has []")
	if cookies := visitor.Cookies(); len(cookies) != 1 {
		t.Error("the browser keeps the old cookie:", cookies)
	}
	thief.Get("/old")
	thief.Get("/").Has("user 0 has []")
}
