package near

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/seed48429006/sessions/session"
)

type copies = Cache[string]

func started(records, bytes int) *copies {
	c := NewCache[string](records, bytes)
	c.Started()
	return c
}

func rec(value string) Copy[string] {
	return Copy[string]{Record: &session.Record[string]{Value: value}, Size: 10, Until: time.Now().Add(time.Hour)}
}

// get returns the value that is served, "" if none is.
func get(c *copies, id session.ID) string {
	if found, ok := c.Get(id, time.Now()); ok {
		return found.Record.Value
	}
	return ""
}

func put(c *copies, id session.ID, value string) { c.Put(id, c.Begin(id), rec(value)) }

// A copy of what was read is kept unless something happened to the record since the
// read began.
func TestWhatHappensDuringARead(t *testing.T) {
	id, other := session.ID{1}, session.ID{2}
	for name, test := range map[string]struct {
		during func(c *copies)
		want   string
	}{
		"nothing":                 {func(c *copies) {}, "read"},
		"another changes":         {func(c *copies) { c.Changed(other) }, "read"},
		"it changes":              {func(c *copies) { c.Changed(id) }, ""},
		"all change":              {func(c *copies) { c.ChangedAll() }, ""},
		"the connection is lost":  {func(c *copies) { c.Lost() }, ""},
		"it is lost and made":     {func(c *copies) { c.Lost(); c.Started() }, ""},
		"it is written":           {func(c *copies) { c.Drop(id) }, ""},
		"another read of it ends": {func(c *copies) { put(c, id, "other") }, "other"},
		"another read finds another revision": {func(c *copies) {
			other := rec("other")
			other.Revision = 2
			c.Put(id, c.Begin(id), other)
		}, ""},
		"another read finds it touched": {func(c *copies) {
			other := rec("other")
			other.Record.Expires = time.Now()
			c.Put(id, c.Begin(id), other)
		}, ""},
		"another read's copy has come and gone": {func(c *copies) {
			put(c, id, "other")
			c.shard(id).remove(c.shard(id).entries[id])
		}, ""},
		"it is read exactly": {func(c *copies) { c.DropUnless(id, 2) }, ""},
		"another read is of no use": {func(c *copies) {
			c.End(id, c.Begin(id))
		}, "read"},
		"it changes, and another read begins": {func(c *copies) {
			first := c.Begin(id)
			c.Changed(id)
			c.Put(id, c.Begin(id), rec("newer"))
			c.Put(id, first, rec("old"))
		}, "newer"},
		"it is written and kept": {func(c *copies) { c.PutWritten(id, rec("written"))(true) }, "written"},
	} {
		t.Run(name, func(t *testing.T) {
			c := started(10, 1000)
			ticket := c.Begin(id)
			test.during(c)
			c.Put(id, ticket, rec("read"))
			if got := get(c, id); got != test.want {
				t.Errorf("served is %q, want %q", got, test.want)
			}
			if n := len(c.shard(id).pending); n > 0 {
				t.Errorf("%d reads seem to be under way", n)
			}
		})
	}
}

// Before changes are told, nothing is kept.
func TestBeforeItStarts(t *testing.T) {
	c, id := NewCache[string](10, 1000), session.ID{1}
	ticket := c.Begin(id)
	if ticket.Live || c.PutWritten(id, rec("written")) != nil {
		t.Error("something would be kept")
	}
	c.Started()
	c.Put(id, ticket, rec("read before"))
	if got := get(c, id); got != "" {
		t.Errorf("served is %q", got)
	}
}

// What was written is served when it is confirmed, unless that came to nothing.
func TestWhatWasWritten(t *testing.T) {
	id := session.ID{1}
	for name, test := range map[string]struct {
		then func(c *copies, confirm func(bool))
		want string
	}{
		"not confirmed":           {func(c *copies, confirm func(bool)) {}, ""},
		"confirmed":               {func(c *copies, confirm func(bool)) { confirm(true) }, "written"},
		"refuted":                 {func(c *copies, confirm func(bool)) { confirm(false) }, ""},
		"its own message between": {func(c *copies, confirm func(bool)) { c.Changed(id); confirm(true) }, "written"},
		"a later change":          {func(c *copies, confirm func(bool)) { confirm(true); c.Changed(id) }, ""},
		"dropped":                 {func(c *copies, confirm func(bool)) { c.Drop(id); confirm(true) }, ""},
		"lost":                    {func(c *copies, confirm func(bool)) { c.Lost(); confirm(true) }, ""},
		"all changed":             {func(c *copies, confirm func(bool)) { c.ChangedAll(); confirm(true) }, ""},
		"read since":              {func(c *copies, confirm func(bool)) { put(c, id, "read"); confirm(false) }, "read"},
		"written again": {func(c *copies, confirm func(bool)) {
			again := c.PutWritten(id, rec("again"))
			confirm(true)
			if get(c, id) != "" {
				t.Error("the second is served for the first's confirmation")
			}
			again(true)
		}, "again"},
	} {
		t.Run(name, func(t *testing.T) {
			c := started(10, 1000)
			put(c, id, "before")
			test.then(c, c.PutWritten(id, rec("written")))
			if got := get(c, id); got != test.want {
				t.Errorf("served is %q, want %q", got, test.want)
			}
		})
	}
}

// Those that were used last stay, within both bounds.
func TestBounds(t *testing.T) {
	for name, test := range map[string]struct{ records, bytes, want int }{
		"records": {3, 1000, 3},
		"bytes":   {100, 45, 4},
		"no room": {3, 9, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := started(test.records, test.bytes)
			for i := range 20 {
				put(c, session.ID{byte(i)}, "v")
				get(c, session.ID{0}) // stays because it is used
			}
			records, bytes := c.Len()
			if records != test.want || bytes != 10*records {
				t.Errorf("%d records of %d bytes are kept, want %d", records, bytes, test.want)
			}
			if kept := get(c, session.ID{0}) != "" && get(c, session.ID{19}) != "" && get(c, session.ID{1}) == ""; kept != (test.want > 0) {
				t.Error("others are kept than those used last")
			}
		})
	}
	large := started(100_000, 1<<20)
	for range 200_000 {
		put(large, session.NewToken().ID(), "v")
	}
	if records, bytes := large.Len(); records > 100_000 || records < 90_000 || bytes != 10*records {
		t.Errorf("%d records of %d bytes", records, bytes)
	}
}

func TestEnd(t *testing.T) {
	c, id := started(10, 1000), session.ID{1}
	ends := time.Now().Add(time.Minute)
	c.Put(id, c.Begin(id), Copy[string]{Record: new(session.Record[string]), Size: 1, Until: ends})
	if _, ok := c.Get(id, ends.Add(-1)); !ok {
		t.Error("it is not served before its end")
	}
	if _, ok := c.Get(id, ends); ok {
		t.Error("it is served at its end")
	}
	if n, _ := c.Len(); n != 0 {
		t.Error("it is kept after its end")
	}
}

func TestDecoded(t *testing.T) {
	c, id := started(10, 1000), session.ID{1}
	encoded := func() Copy[string] { return Copy[string]{Data: []byte("x"), Size: 1, Until: time.Now().Add(time.Hour)} }
	c.PutWritten(id, encoded())(true)
	found, _ := c.Get(id, time.Now())
	c.PutWritten(id, encoded())(true)
	c.Decoded(id, found, rec("old").Record)
	if now, _ := c.Get(id, time.Now()); now.Record != nil {
		t.Error("a record was put into another copy")
	}
	found, _ = c.Get(id, time.Now())
	c.Decoded(id, found, rec("new").Record)
	if get(c, id) != "new" {
		t.Error("the record was not put in")
	}
}

// In any order of steps, the ring, the map and the sums agree.
func TestRandomSteps(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		c := started(1+r.IntN(8), 10+r.IntN(100))
		type begun struct {
			id     session.ID
			ticket Ticket
		}
		var under []begun
		confirm := []func(bool){}
		for range 300 {
			id := session.ID{byte(r.IntN(10))}
			switch r.IntN(9) {
			case 0, 1:
				under = append(under, begun{id, c.Begin(id)})
			case 2, 3:
				if len(under) > 0 {
					c.Put(under[0].id, under[0].ticket, Copy[string]{Record: rec("v").Record, Size: r.IntN(20), Until: time.Now().Add(time.Hour)})
					under = under[1:]
				}
			case 4:
				if f := c.PutWritten(id, rec("w")); f != nil {
					confirm = append(confirm, f)
				}
			case 5:
				if len(confirm) > 0 {
					confirm[0](r.IntN(2) == 0)
					confirm = confirm[1:]
				}
			case 6:
				c.Changed(id)
			case 7:
				get(c, id)
			case 8:
				[]func(){c.Lost, c.Started, c.ChangedAll, func() { c.Drop(id) }}[r.IntN(4)]()
			}
			check(t, &c.shards[0])
		}
		for _, b := range under {
			c.End(b.id, b.ticket)
		}
		if n := len(c.shards[0].pending); n != 0 {
			t.Fatalf("seed %d: %d reads seem to be under way", seed, n)
		}
	}
}

func check(t *testing.T, s *shard[string]) {
	t.Helper()
	n, bytes := 0, 0
	for e := s.recent.next; e != &s.recent; e = e.next {
		n, bytes = n+1, bytes+e.Size
		if s.entries[e.id] != e || e.next.prev != e {
			t.Fatal("the ring has an entry that is not in the map")
		}
	}
	if n != len(s.entries) || bytes != s.bytes || n > s.maxRecords || bytes > s.maxBytes {
		t.Fatalf("%d of %d entries, %d of %d bytes", n, len(s.entries), bytes, s.bytes)
	}
}
