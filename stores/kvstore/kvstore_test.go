package kvstore_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/internal/test/kvmap"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/storetest"
	"github.com/seed48429006/sessions/stores/kvstore"
)

type profile = storetest.Profile

var (
	_ session.Store[int]   = (*kvstore.Store[int])(nil)
	_ session.Opener[int]  = (*kvstore.Store[int])(nil)
	_ session.Poller       = (*kvstore.Store[int])(nil)
	_ session.Indexer[int] = (*kvstore.ListStore[int])(nil)
	_ session.Lister[int]  = (*kvstore.ListStore[int])(nil)
	_ session.Reaper       = (*kvstore.ListStore[int])(nil)

	_ session.Outliner[int] = (*kvstore.ListStore[int])(nil)
	_ session.Watcher       = (*kvstore.Store[int])(nil)
)

// counting is a codec that counts what it decodes.
type counting struct {
	codec.Codec[profile]
	n *atomic.Int64
}

func (c counting) Decode(data []byte, v *profile) error {
	c.n.Add(1)
	return c.Codec.Decode(data, v)
}

// losing is a backend that can lose one of its commands.
type losing struct {
	kvstore.Lister
	mu   sync.Mutex
	loss *storetest.Loss
}

var errLine = errors.New("connection reset by peer")

func (l *losing) next() *storetest.Loss {
	l.mu.Lock()
	defer l.mu.Unlock()
	loss := l.loss
	if loss == nil {
		return nil
	}
	if loss.After--; loss.After >= 0 {
		return nil
	}
	l.loss = nil
	return loss
}

func (l *losing) arm(loss storetest.Loss) (stop func() bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loss = &loss
	return func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		lost := l.loss == nil
		l.loss = nil
		return lost
	}
}

func (l *losing) Get(ctx context.Context, key string) ([]byte, kvstore.Version, error) {
	if loss := l.next(); loss != nil {
		loss.Meanwhile()
		return nil, 0, errLine
	}
	return l.Lister.Get(ctx, key)
}

func (l *losing) Swap(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (bool, error) {
	loss := l.next()
	if loss == nil {
		return l.Lister.Swap(ctx, key, old, value, end)
	}
	if !loss.Unsent {
		l.Lister.Swap(ctx, key, old, value, end)
	}
	loss.Meanwhile()
	return false, errLine
}

func (l *losing) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	if loss := l.next(); loss != nil {
		loss.Meanwhile()
		return func(yield func(string, error) bool) { yield("", errLine) }
	}
	return l.Lister.Keys(ctx, prefix)
}

const maxRecord = 3 << 16

func open(t *testing.T, backend kvstore.Backend, c codec.Codec[profile]) session.Store[profile] {
	t.Helper()
	s, err := kvstore.New(backend, "test", c, &kvstore.Options{MaxRecordBytes: maxRecord})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	var decoded atomic.Int64
	backends := make(map[session.Store[profile]]*losing)
	var mu sync.Mutex
	newStore := func(t *testing.T) session.Store[profile] {
		backend := &losing{Lister: kvmap.New()}
		s := open(t, backend, counting{codec.MessagePack[profile](), &decoded})
		mu.Lock()
		defer mu.Unlock()
		backends[s] = backend
		return s
	}
	backendOf := func(s session.Store[profile]) *losing {
		mu.Lock()
		defer mu.Unlock()
		return backends[s]
	}
	storetest.Run(t, newStore, &storetest.Options{
		Bubble: true, Indexer: true, Lister: true, Poller: true, Opener: true,
		MaxRecord: maxRecord,
		Size: func(rec session.Record[profile]) int {
			data, err := wire.AppendRecord(nil, &rec, rec.Revision, codec.MessagePack[profile]())
			if err != nil {
				t.Error(err)
			}
			return len(data)
		},
		Decoded: func() int { return int(decoded.Load()) },
		Lose: func(_ *testing.T, s session.Store[profile], l storetest.Loss) func() bool {
			return backendOf(s).arm(l)
		},
		Corrupt: func(t *testing.T, s session.Store[profile], id session.ID) {
			corrupt(t, backendOf(s).Lister, id, func(data []byte) []byte { return data[:len(data)-1] })
		},
	})
}

// A header that cannot be read tells nothing of a record but that it is there.
func TestConformanceWithoutHeaders(t *testing.T) {
	var mu sync.Mutex
	backends := make(map[session.Store[profile]]*kvmap.Map)
	newStore := func(t *testing.T) session.Store[profile] {
		backend := kvmap.New()
		s := open(t, backend, codec.JSON[profile]())
		mu.Lock()
		defer mu.Unlock()
		backends[s] = backend
		return s
	}
	storetest.Run(t, newStore, &storetest.Options{
		Bubble: true, Indexer: true, Lister: true,
		Corrupt: func(t *testing.T, s session.Store[profile], id session.ID) {
			mu.Lock()
			defer mu.Unlock()
			corrupt(t, backends[s], id, func([]byte) []byte { return []byte("foreign") })
		},
	})
}

// corrupt changes what a backend has of a record.
func corrupt(t *testing.T, backend kvstore.Backend, id session.ID, change func([]byte) []byte) {
	t.Helper()
	key := "test.s." + id.String()
	data, version, err := backend.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := backend.Swap(t.Context(), key, version, change(data), time.Now().Add(time.Hour)); !ok || err != nil {
		t.Fatalf("%v, %v", ok, err)
	}
}

// bare is a backend without lists.
type bare struct{ kvstore.Backend }

func TestConformanceWithoutLists(t *testing.T) {
	storetest.Run(t, func(t *testing.T) session.Store[profile] {
		s := open(t, bare{kvmap.New()}, codec.MessagePack[profile]())
		if _, ok := s.(session.Indexer[profile]); ok {
			t.Fatal("a store without lists is an Indexer")
		}
		return s
	}, &storetest.Options{Bubble: true, Poller: true, Opener: true})
}

func newRecord(owner string) *session.Record[string] {
	at := time.Now().UTC().Truncate(time.Millisecond)
	id := session.NewID()
	return &session.Record[string]{ID: id, Secrets: session.NewSecrets(session.NewToken(id)), Owner: owner, Expires: at.Add(time.Hour), Deadline: at.Add(24 * time.Hour)}
}

// Prune leaves what lives, and what a Save may still follow.
func TestPrune(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := kvmap.New()
		made, err := kvstore.New(endless{m}, "test", codec.JSON[string](), nil)
		s, ok := made.(*kvstore.ListStore[string])
		if !ok {
			t.Fatalf("got a %T, %v", made, err)
		}
		var told []session.Event
		s.OnReaped(func(e session.Event) { told = append(told, e) })
		prune := func(want int) {
			t.Helper()
			if n, err := s.Prune(t.Context()); n != want || err != nil {
				t.Errorf("%d removed, want %d: %v", n, want, err)
			}
		}
		lives, ends, moves := newRecord("ada"), newRecord("ada"), newRecord("ada")
		lives.Expires = lives.Deadline
		moves.Expires = moves.Deadline
		for _, rec := range []*session.Record[string]{lives, ends, moves} {
			if err := s.Save(t.Context(), rec); err != nil {
				t.Fatal(err)
			}
		}
		// A note that a Save has written before it failed.
		m.Swap(t.Context(), "test.o.x."+session.NewID().String(), 0, binaryNow(), time.Time{})
		prune(0)
		time.Sleep(time.Hour + time.Minute)
		prune(0) // the end may be another process's idea of the time
		time.Sleep(2 * time.Hour)
		prune(3) // the record that has ended, its note, and the note without a record
		want := []session.Event{{Kind: session.EventExpired, ID: ends.ID, Owner: "ada", Reason: session.ReasonIdle}}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("told of sessions that timed out (-want +got):\n%s", diff)
		}
		if n := m.Len(); n != 4 {
			t.Errorf("%d keys are left, want 4", n)
		}
		if err := s.Delete(t.Context(), moves.ID, moves.Revision); err != nil || m.Len() != 2 {
			t.Errorf("after a log-out, %d keys are left: %v", m.Len(), err)
		}
		lives.Owner = "bob"
		if err := s.Save(t.Context(), lives); err != nil || m.Len() != 2 {
			t.Errorf("with another owner, %d keys are left: %v", m.Len(), err)
		}
	})
}

func binaryNow() []byte {
	ms := time.Now().UnixMilli()
	b := make([]byte, 8)
	for i := range b {
		b[i] = byte(ms >> (56 - 8*i))
	}
	return b
}

// endless is a backend that drops no key.
type endless struct{ *kvmap.Map }

func (e endless) Swap(ctx context.Context, key string, old kvstore.Version, value []byte, _ time.Time) (bool, error) {
	return e.Map.Swap(ctx, key, old, value, time.Time{})
}

// Sessions end whether or not the backend drops them.
func TestConformanceOfABackendThatDropsNothing(t *testing.T) {
	storetest.Run(t, func(t *testing.T) session.Store[profile] {
		return open(t, endless{kvmap.New()}, codec.MessagePack[profile]())
	}, &storetest.Options{Bubble: true, Indexer: true, Lister: true})
}

// On a backend that tells of nothing, a store tells of what it does itself, also if it
// does not know the outcome.
func TestWatchOfOwnWrites(t *testing.T) {
	backend := &losing{Lister: kvmap.New()}
	s := open(t, backend, codec.MessagePack[profile]()).(*kvstore.ListStore[profile])
	rec, calls := newSession(), 0
	stop, all := s.Watch(rec.ID, func() { calls++ })
	if all {
		t.Error("Watch tells of what other processes do")
	}
	for i, write := range []func() error{
		func() error { return s.Save(t.Context(), rec) },
		func() error { return s.Save(t.Context(), rec) },
		func() error {
			backend.arm(storetest.Loss{After: 1, Meanwhile: func() {}})
			return s.Delete(t.Context(), rec.ID, 0)
		},
	} {
		if err := write(); err != nil || calls != i+1 {
			t.Errorf("after write %d there were %d calls: %v", i, calls, err)
		}
	}
	stop()
	rec.Revision = 0
	if err := s.Save(t.Context(), rec); err != nil || calls != 3 {
		t.Errorf("after stop there were %d calls: %v", calls, err)
	}
}

// A log-out whose reply was lost has succeeded if the session is gone.
func TestALogOutOfWhichTheReplyIsLost(t *testing.T) {
	for name, unsent := range map[string]bool{"the reply is lost": false, "the command is lost": true} {
		t.Run(name, func(t *testing.T) {
			m := kvmap.New()
			backend := &losing{Lister: m}
			s := open(t, backend, codec.MessagePack[profile]())
			rec := newSession()
			rec.Owner = "ada"
			if err := s.Save(t.Context(), rec); err != nil {
				t.Fatal(err)
			}
			backend.arm(storetest.Loss{After: 2, Unsent: unsent, Meanwhile: func() {}})
			err := s.Delete(t.Context(), rec.ID, rec.Revision)
			if left := m.Len(); errors.Is(err, session.ErrUnavailable) != unsent || (err == nil) == unsent || (left == 0) == unsent {
				t.Errorf("%d keys are left, %v", left, err)
			}
		})
	}
}

func newSession() *session.Record[profile] {
	id := session.NewID()
	return &session.Record[profile]{ID: id, Secrets: session.NewSecrets(session.NewToken(id)), Expires: time.Now().Add(time.Hour)}
}

// A change of a session whose owner and deadline stay costs a Get and a Swap.
func TestCommands(t *testing.T) {
	backend := &calls{Lister: kvmap.New()}
	s, err := kvstore.New(backend, "test", codec.JSON[string](), nil)
	if err != nil {
		t.Fatal(err)
	}
	rec := newRecord("ada")
	for _, step := range []struct {
		name string
		call func() error
		want string
	}{
		{"creation", func() error { return s.Save(t.Context(), rec) }, "get get swap swap"},
		{"change", func() error { rec.Value = "new"; return s.Save(t.Context(), rec) }, "get swap"},
		{"touch", func() error { return s.Touch(t.Context(), rec.ID, rec.Revision, rec.Expires) }, "get swap"},
		{"load", func() error { _, err := s.Load(t.Context(), rec.ID); return err }, "get"},
		{"another owner", func() error { rec.Owner = "bob"; return s.Save(t.Context(), rec) }, "get get swap get swap swap"},
		{"log-out", func() error { return s.Delete(t.Context(), rec.ID, 0) }, "get get swap swap"},
	} {
		backend.made = nil
		if err := step.call(); err != nil {
			t.Errorf("%s: %v", step.name, err)
		}
		if got := strings.Join(backend.made, " "); got != step.want {
			t.Errorf("%s: %s, want %s", step.name, got, step.want)
		}
	}
}

type calls struct {
	kvstore.Lister
	made []string
}

func (c *calls) Get(ctx context.Context, key string) ([]byte, kvstore.Version, error) {
	c.made = append(c.made, "get")
	return c.Lister.Get(ctx, key)
}

func (c *calls) Swap(ctx context.Context, key string, old kvstore.Version, value []byte, end time.Time) (bool, error) {
	c.made = append(c.made, "swap")
	return c.Lister.Swap(ctx, key, old, value, end)
}

func TestNewChecksItsArguments(t *testing.T) {
	type visit struct{ Next chan int }
	m := kvmap.New()
	var none *kvmap.Map
	for name, err := range map[string]error{
		"no backend":         newErr(nil, "a", codec.JSON[int](), nil),
		"a nil backend":      newErr(none, "a", codec.JSON[int](), nil),
		"no namespace":       newErr(m, "", codec.JSON[int](), nil),
		"a dot":              newErr(m, "a.b", codec.JSON[int](), nil),
		"a long namespace":   newErr(m, strings.Repeat("a", 101), codec.JSON[int](), nil),
		"no codec":           newErr[int](m, "a", nil, nil),
		"a type with a chan": newErr(m, "a", codec.JSON[visit](), nil),
		"a negative limit":   newErr(m, "a", codec.JSON[int](), &kvstore.Options{MaxRecordBytes: -1}),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := newErr(m, "Aa0-_", codec.JSON[int](), nil); err != nil {
		t.Error(err)
	}
}

// Keys that end like a record's are another program's, or another store's.
func TestForeignKeys(t *testing.T) {
	m := kvmap.New()
	made, err := kvstore.New(odd{m}, "test", codec.JSON[string](), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, rec := made.(*kvstore.ListStore[string]), newRecord("ada")
	if err := s.Save(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	for name, list := range map[string]iter.Seq2[session.Record[string], error]{"All": s.All(t.Context()), "ByOwner": s.ByOwner(t.Context(), "ada")} {
		n := 0
		for _, err := range list {
			if n++; err != nil {
				t.Error(err)
			}
		}
		if n != 1 {
			t.Errorf("%s yields %d records, want 1", name, n)
		}
	}
	if ok, err := m.Swap(t.Context(), "test.o.ada.backup."+rec.ID.String(), 0, []byte("theirs"), time.Time{}); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if n, err := s.Prune(t.Context()); n != 0 || err != nil {
		t.Errorf("%d keys are removed, want none: %v", n, err)
	}
}

// odd is a backend with keys that the store has not written.
type odd struct{ *kvmap.Map }

func (o odd) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for key, err := range o.Map.Keys(ctx, prefix) {
			at := strings.LastIndexByte(key, '.') + 1
			if !yield(key, err) || !yield(key[:at]+"backup."+key[at:], nil) {
				return
			}
		}
	}
}

func newErr[T any](backend kvstore.Backend, namespace string, c codec.Codec[T], o *kvstore.Options) error {
	_, err := kvstore.New(backend, namespace, c, o)
	return err
}

// small is a backend whose values are bounded.
type small struct{ *kvmap.Map }

func (small) MaxValueBytes() int { return 300 }

func TestTheBackendBoundsRecords(t *testing.T) {
	for _, most := range []int{0, 1000} {
		s, err := kvstore.New(small{kvmap.New()}, "test", codec.JSON[string](), &kvstore.Options{MaxRecordBytes: most})
		if err != nil {
			t.Fatal(err)
		}
		rec := newRecord("")
		rec.Value = strings.Repeat("a", 300)
		if err := s.Save(t.Context(), rec); !errors.Is(err, session.ErrTooLarge) {
			t.Errorf("MaxRecordBytes %d: got the error %v", most, err)
		}
	}
}
