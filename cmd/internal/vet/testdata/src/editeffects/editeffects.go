package editeffects

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"fixture/editeffects/mail"

	"github.com/seed48429006/sessions"
)

type Cart struct {
	Customer string
	Email    string
	Count    int
	Items    []Item
	Seen     time.Time
	Step     int
}

type Item struct {
	SKU string
	Qty int
}

func (c *Cart) add(item Item) { c.Items = append(c.Items, item) }

type shop struct {
	cart   *sessions.Session[Cart]
	orders chan string
	hits   int
	mu     sync.Mutex
	notify notifier
	db     *sql.DB
}

type notifier interface{ Notify(user string) }

var total int

func sends(s *shop, w http.ResponseWriter, r *http.Request) { // want sends:"sends mail"
	s.cart.Update(func(c *Cart) {
		c.Count++
		s.orders <- c.Email                           // want `sends to s.orders in an edit; an edit runs again if another request changes the session first: send after Commit`
		s.notify.Notify(c.Email)                      // want `calls s.notify.Notify in an edit, which does nothing to the session`
		go record(c.Email)                            // want `starts a goroutine in an edit`
		fmt.Fprintln(w, c.Count)                      // want `uses the response in an edit`
		if err := mail.Confirm(c.Email); err != nil { // want `calls Confirm, which sends mail, in an edit`
			log.Print(err)
		}
		s.db.Exec("INSERT INTO orders (name) VALUES ($1)", c.Customer) // want `writes to a database in an edit`
		s.hits++                                                       // want `changes s.hits in an edit, outside its argument`
		total += c.Count                                               // want `changes total in an edit`
	})
}

func answers(w http.ResponseWriter, cart *sessions.Session[Cart]) {
	cart.LogIn(func(c *Cart) {
		if c.Customer != "" {
			http.Error(w, "logged in already", http.StatusConflict) // want `uses the response in an edit`
			return
		}
		c.Customer = "ada"
	})
}

func collects(cart *sessions.Session[Cart]) (names []string, seen map[string]bool) {
	seen = map[string]bool{}
	cart.Update(func(c *Cart) {
		for _, item := range c.Items {
			names = append(names, item.SKU) // want `changes names in an edit`
			seen[item.SKU] = true           // want `changes seen in an edit`
		}
	})
	return names, seen
}

func keepsOld(cart *sessions.Session[Cart]) error {
	var full bool
	var err error
	cart.Update(func(c *Cart) {
		if len(c.Items) > 9 {
			full = true // want `full is not assigned on each run of the edit, and keeps what an earlier run has set; assign it first`
			return
		}
		c.add(Item{SKU: "tea"})
		if c.Count > 3 {
			err = errors.New("too many") // want `err is not assigned on each run`
		}
	})
	if full {
		return errors.New("full")
	}
	return err
}

func asksItself(cart *sessions.Session[Cart]) {
	cart.Update(func(c *Cart) {
		c.Count = cart.Value().Count + 1 // want `calls the session within its own edit, which panics; use the edit's argument`
	})
}

func computesFromBefore(cart *sessions.Session[Cart], item Item) {
	n := cart.Value().Count
	cart.Update(func(c *Cart) { c.Count = n + 1 }) // want `computes c.Count from a value that was read before the edit: n; if another request changes the session first, its change is lost`

	v := cart.Value()
	cart.Update(func(c *Cart) { c.Items = append(v.Items, item) }) // want `computes c.Items from a value that was read before the edit: v.Items`

	items := append(v.Items, item)
	cart.Update(func(c *Cart) { c.Items = items }) // want `computes c.Items from a value that was read before the edit: items`

	v.Count++
	cart.Update(func(c *Cart) { *c = v }) // want `computes c from a value that was read before the edit: v`
	fmt.Println(n)
}

// change hands its argument on.
func change(cart *sessions.Session[Cart], edit func(*Cart)) {
	cart.Update(func(c *Cart) {
		c.Seen = time.Now()
		edit(c)
	})
}

func byHelper(cart *sessions.Session[Cart]) {
	n := 0
	change(cart, func(c *Cart) {
		n++ // want `changes n in an edit`
		c.Count++
	})
	addTea := func(c *Cart) {
		total++ // want `changes total in an edit`
		c.Count++
	}
	change(cart, addTea)
	cart.Update(countUp)
	fmt.Println(n)
}

func countUp(c *Cart) {
	total++ // want `changes total in an edit`
	c.Count++
}

// What follows is right.

func right(ctx context.Context, s *shop, r *http.Request, item Item) error { // want right:"sends mail"
	cart := s.cart
	var found bool
	var err error
	var left, sum int
	var names []string
	cart.Update(func(c *Cart) {
		found, err = false, nil
		left = len(c.Items)
		names, sum = nil, 0
		for _, item := range c.Items {
			if item.SKU == "tea" {
				found = true
			}
			names = append(names, item.SKU)
			sum += item.Qty
		}
		if !found {
			err = errors.New("no tea")
		}
	})
	ok := false
	cart.Update(func(c *Cart) {
		switch {
		case c.Count == 0:
			ok = false
		case c.Count > 3:
			ok = true
		default:
			ok = len(c.Items) > 0
		}
	})
	var out struct{ Count, Left int }
	cart.Update(func(c *Cart) {
		i := slices.IndexFunc(c.Items, func(i Item) bool { return i.SKU == item.SKU })
		if i < 0 {
			c.Items = append(c.Items, Item{SKU: item.SKU})
			i = len(c.Items) - 1
		}
		c.Items[i].Qty += item.Qty
		slices.SortFunc(c.Items, func(a, b Item) int { return strings.Compare(a.SKU, b.SKU) })
		c.add(item)
		normalize(c)
		trim(c.Items)
		out.Count, out.Left = c.Count, left
		log.Println("changed", c.Customer)
		s.mu.Lock()
		defer s.mu.Unlock()
		c.Step = s.hits
		c.Email = r.FormValue("email")
		c.Seen = time.Now()
		json.Unmarshal([]byte(c.Email), &left)
		count := 0
		count++
		done := make(chan int, 1)
		done <- count
		delete(map[string]int{}, "x")
	})
	old := cart.Value()
	cart.Update(func(c *Cart) {
		if c.Step == old.Step {
			c.Step = old.Step + 1
		}
		c.Email = old.Customer
	})
	other := cart.Value()
	other.Count = 7
	if err := cart.Commit(ctx); err != nil {
		return err
	}
	s.orders <- old.Email
	s.notify.Notify(old.Email)
	fmt.Println(found, ok, out, names, sum, other, err)
	return mail.Confirm(old.Email)
}

func normalize(c *Cart) { c.Customer = strings.ToLower(c.Customer) }

func trim(items []Item) {
	for i := range items {
		items[i].Qty = min(items[i].Qty, 9)
	}
}

func record(string) {}

func redeems(ctx context.Context, s *shop) (int, error) { // want redeems:"makes a request"
	count := s.cart.Value().Count
	return sessions.Once(ctx, s.cart, func(c *Cart) (int, error) {
		if _, err := http.Get("http://localhost/pay"); err != nil { // want `makes a request in an edit`
			return 0, err
		}
		total++             // want `changes total in an edit`
		c.Count = count + 1 // want `computes c.Count from a value that was read before the edit`
		return c.Count, nil
	})
}

// pay hands an edit with a result on to Once.
func pay(ctx context.Context, s *shop, edit func(*Cart) (int, error)) error {
	_, err := sessions.Once(ctx, s.cart, edit)
	return err
}

func pays(ctx context.Context, s *shop) error {
	return pay(ctx, s, func(c *Cart) (int, error) {
		s.hits++ // want `changes s.hits in an edit`
		return c.Count, nil
	})
}

func takesOnce(ctx context.Context, s *shop) ([]Item, error) {
	var sum int
	items, err := sessions.Once(ctx, s.cart, func(c *Cart) ([]Item, error) {
		items := c.Items
		sum = 0
		for _, item := range items {
			sum += item.Qty
		}
		c.Items = nil
		return items, nil
	})
	log.Print(sum)
	return items, err
}
