// Package guides holds the code that the guides in this folder show, so that it is
// compiled and tested.
package guides

import (
	"fmt"
	"net/http"

	"github.com/seed48429006/sessions"
)

// Account is the session of a visitor, who may have logged in.
type Account struct {
	User    string
	Items   []string
	Notices []string
}

// SessionOwner makes the sessions of one user findable.
func (a Account) SessionOwner() string { return a.User }

func showAccount(w http.ResponseWriter, r *http.Request, account *sessions.Session[Account]) {
	for _, notice := range sessions.Take(account, func(a *Account) *[]string { return &a.Notices }) {
		fmt.Fprintln(w, notice)
	}
	a := account.Value()
	fmt.Fprintf(w, "user %q has %q", a.User, a.Items)
}

func addItem(w http.ResponseWriter, r *http.Request, account *sessions.Session[Account]) {
	item := r.FormValue("item")
	account.Update(func(a *Account) { a.Items = append(a.Items, item) })
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func logOut(w http.ResponseWriter, r *http.Request, account *sessions.Session[Account]) {
	account.Destroy()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
