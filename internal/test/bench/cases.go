package bench

import (
	"net/http"
	"slices"
	"strconv"
	"time"
)

// A Case is one kind of request. It is the path's only element.
type Case string

// The cases are in the order of the tables.
const (
	NoCookie    Case = "no-cookie"     // no cookie, and the handler does not use the session
	NotUsed     Case = "not-used"      // a cookie, and the handler does not use the session
	NotUsedIdle Case = "not-used-idle" // the same with an idle timeout
	Read        Case = "read"          // the handler reads the cart
	ReadIdle    Case = "read-idle"     // the same with an idle timeout
	Change      Case = "change"        // the handler reads the cart and changes it
	New         Case = "new"           // no cookie, and the handler makes a session
	LogIn       Case = "log-in"        // the session gets a new token and a customer

	// Count is in no table. Its response has a cookie whose value is the quantity of
	// the cart's first item, which each [Change] makes one more.
	Count Case = "count"
)

// Cases returns the cases of the tables.
func Cases() []Case {
	return []Case{NoCookie, NotUsed, NotUsedIdle, Read, ReadIdle, Change, New, LogIn}
}

// tell answers a request of [Count].
func tell(w http.ResponseWriter, c Cart) {
	http.SetCookie(w, &http.Cookie{Name: "quantity", Value: strconv.Itoa(c.Items[0].Quantity)})
	w.Write(done)
}

// IdleTimeout is the idle timeout of cases that have one. [Change], [New] and
// [LogIn] have it too: they save in any case.
const IdleTimeout = time.Hour

// Idle reports whether sessions have an idle timeout.
func (c Case) Idle() bool { return !slices.Contains([]Case{NoCookie, NotUsed, Read}, c) }

// Cookie reports whether requests have the cookie of a session.
func (c Case) Cookie() bool { return c != NoCookie && c != New }

// Follows reports whether each response has the cookie of the next request.
func (c Case) Follows() bool { return c == LogIn }
