package near

import (
	"math/rand/v2"
	"strings"
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

func put(c *copies, id session.ID, value string) {
	epoch, _ := c.Begin(id)
	c.Put(id, epoch, rec(value))
}

// A copy of what was read is kept unless a caller has seen a later state since the
// command was sent. A change that was told before the reply is in it.
func TestWhatHappensDuringARead(t *testing.T) {
	id, other := session.ID{1}, session.ID{2}
	newest := func(c *Copy[string]) bool { return c.Record.Value == "other" }
	for name, test := range map[string]struct {
		during func(c *copies)
		want   string
	}{
		"nothing":                 {func(c *copies) {}, "read"},
		"it changes":              {func(c *copies) { c.Changed(id) }, "read"},
		"all change":              {func(c *copies) { c.ChangedAll() }, "read"},
		"the connection is lost":  {func(c *copies) { c.Lost() }, ""},
		"it is lost and made":     {func(c *copies) { c.Lost(); c.Started() }, ""},
		"it is written elsewhere": {func(c *copies) { c.Drop(id) }, ""},
		"another read of it ends": {func(c *copies) { put(c, id, "other") }, "read"},
		"it is seen as it is kept": {func(c *copies) {
			put(c, id, "other")
			c.DropUnless(id, newest)
		}, "read"},
		"it is seen otherwise": {func(c *copies) {
			put(c, id, "another")
			c.DropUnless(id, newest)
		}, ""},
		"it is seen, and not kept": {func(c *copies) { c.DropUnless(id, newest) }, ""},
		"another read begins later": {func(c *copies) {
			c.Drop(id)
			put(c, id, "newer")
			put(c, other, "other")
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := started(10, 1000)
			epoch, live := c.Begin(id)
			test.during(c)
			c.Put(id, epoch, rec("read"))
			if got := get(c, id); !live || got != test.want {
				t.Errorf("served is %q, want %q", got, test.want)
			}
		})
	}
}

// Before changes are told, nothing is kept.
func TestBeforeItStarts(t *testing.T) {
	c, id := NewCache[string](10, 1000), session.ID{1}
	epoch, live := c.Begin(id)
	c.Put(id, epoch, rec("read before"))
	if got := get(c, id); live || got != "" {
		t.Errorf("live is %v, served is %q", live, got)
	}
}

func TestChangesAreServedNoMore(t *testing.T) {
	id := session.ID{1}
	for name, change := range map[string]func(c *copies){
		"it changes":              func(c *copies) { c.Changed(id) },
		"all change":              func(c *copies) { c.ChangedAll() },
		"the connection is lost":  func(c *copies) { c.Lost() },
		"it is made again":        func(c *copies) { c.Started() },
		"it is written elsewhere": func(c *copies) { c.Drop(id) },
		"an update ends it": func(c *copies) {
			epoch, _ := c.Begin(id)
			c.Update(id, epoch, func(before Copy[string], ok bool) (Copy[string], bool) { return before, false })
		},
		"an update of an earlier epoch": func(c *copies) {
			epoch, _ := c.Begin(id)
			c.Drop(id)
			put(c, id, "newer")
			c.Update(id, epoch, func(before Copy[string], ok bool) (Copy[string], bool) { return before, true })
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, other := started(10, 1000), session.ID{2}
			put(c, id, "before")
			put(c, other, "other")
			change(c)
			if got := get(c, id); got != "" {
				t.Errorf("served is %q", got)
			}
			if got := get(c, other); got == "" && !strings.HasPrefix(name, "all") && !strings.HasPrefix(name, "the") && !strings.Contains(name, "again") {
				t.Error("another session's copy is gone")
			}
		})
	}
}

func TestUpdateSeesThePresentCopy(t *testing.T) {
	c, id := started(10, 1000), session.ID{1}
	epoch, _ := c.Begin(id)
	for _, want := range []string{"", "1", "2"} {
		c.Update(id, epoch, func(before Copy[string], ok bool) (Copy[string], bool) {
			if ok != (want != "") || ok && before.Record.Value != want {
				t.Errorf("the copy before is %+v, %v, want %q", before, ok, want)
			}
			return rec(map[string]string{"": "1", "1": "2", "2": "3"}[want]), true
		})
	}
	if got := get(c, id); got != "3" {
		t.Errorf("served is %q", got)
	}
	if n, bytes := c.Len(); n != 1 || bytes != 10 {
		t.Errorf("%d copies of %d bytes", n, bytes)
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
		put(large, session.NewID(), "v")
	}
	if records, bytes := large.Len(); records > 100_000 || records < 90_000 || bytes != 10*records {
		t.Errorf("%d records of %d bytes", records, bytes)
	}
}

func TestEnd(t *testing.T) {
	c, id := started(10, 1000), session.ID{1}
	ends := time.Now().Add(time.Minute)
	epoch, _ := c.Begin(id)
	c.Put(id, epoch, Copy[string]{Record: new(session.Record[string]), Size: 1, Until: ends})
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
	epoch, _ := c.Begin(id)
	c.Put(id, epoch, encoded())
	found, _ := c.Get(id, time.Now())
	c.Put(id, epoch, encoded())
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
			id    session.ID
			epoch Epoch
		}
		var under []begun
		for range 300 {
			id := session.ID{byte(r.IntN(10))}
			switch r.IntN(6) {
			case 0, 1:
				epoch, _ := c.Begin(id)
				under = append(under, begun{id, epoch})
			case 2, 3:
				if len(under) > 0 {
					c.Put(under[0].id, under[0].epoch, Copy[string]{Record: rec("v").Record, Size: r.IntN(20), Until: time.Now().Add(time.Hour)})
					under = under[1:]
				}
			case 4:
				get(c, id)
			case 5:
				[]func(){c.Lost, c.Started, c.ChangedAll, func() { c.Changed(id) }, func() { c.Drop(id) }}[r.IntN(5)]()
			}
			check(t, &c.shards[0])
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
