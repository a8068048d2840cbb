package valuecopy

import (
	"fmt"
	"io"

	"github.com/seed48429006/sessions"
)

type Cart struct {
	Count int
	Note  string
	Items []Item
	Tags  map[string]string
	Home  struct{ City string }
}

type Item struct{ Qty int }

func (c *Cart) Add(n int) { c.Count += n }

func (c Cart) Total() int { return c.Count }

func lostField(s *sessions.Session[Cart]) {
	c := s.Value()
	c.Count++ // want `changes c, a copy of the session's value, which is not used afterwards, so that the change is lost; use s.Update`
	c.Home.City = "Paris"
}

func lostAppend(s *sessions.Session[Cart], item Item) {
	c := s.Value()
	c.Items = append(c.Items, item) // want `changes c, a copy`
}

func lostAfterUse(w io.Writer, s *sessions.Session[Cart]) {
	c := s.Value()
	fmt.Fprintln(w, c.Note)
	c.Note = "" // want `changes c, a copy`
}

func lostInLoop(s *sessions.Session[Cart]) {
	c := s.Value()
	for i := range c.Items {
		c.Items[i].Qty = 0 // want `changes c, a copy`
	}
}

func lostDelete(s *sessions.Session[Cart]) {
	c := s.Value()
	delete(c.Tags, "x") // want `changes c, a copy`
}

func lostTemporary(s *sessions.Session[Cart]) {
	s.Value().Tags["x"] = "y"     // want `changes a copy of the session's value, so that the change is lost; use s.Update`
	s.Value().Items[0].Qty++      // want `changes a copy`
	delete(s.Value().Tags, "old") // want `changes a copy`
}

func set(s *sessions.Session[Cart]) {
	c := s.Value()
	c.Count++
	s.Set(c)
}

func shown(w io.Writer, s *sessions.Session[Cart]) {
	c := s.Value()
	c.Note = "none"
	fmt.Fprintln(w, c)
}

func returned(s *sessions.Session[Cart]) Cart {
	c := s.Value()
	c.Note = ""
	return c
}

func computed(s *sessions.Session[Cart]) int {
	c := s.Value()
	c.Count *= 2
	return c.Total()
}

func shownInNextRound(w io.Writer, s *sessions.Session[Cart]) {
	c := s.Value()
	for range 3 {
		fmt.Fprintln(w, c.Count)
		c.Count++
	}
}

func byPointer(s *sessions.Session[Cart]) {
	c := s.Value()
	p := &c
	p.Count++
	c.Count++
	keep(p)
}

func byMethod(s *sessions.Session[Cart]) {
	c := s.Value()
	c.Add(1)
	c.Count++
	defer fmt.Println(c.Count)
}

func inClosure(w io.Writer, s *sessions.Session[Cart]) {
	c := s.Value()
	show := func() { fmt.Fprintln(w, c.Note) }
	c.Note = "x"
	show()
}

func replaced(s *sessions.Session[Cart]) {
	c := s.Value()
	c = Cart{}
	c.Count = 1
	keep(&c)
}

func read(w io.Writer, s *sessions.Session[Cart]) {
	c := s.Value()
	fmt.Fprintln(w, c.Count, s.Value().Tags["x"])
	total := c.Count
	total++
	fmt.Fprintln(w, total)
}

func keep(*Cart) {}
