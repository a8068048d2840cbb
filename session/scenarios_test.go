package session_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/internal/hooks"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// The tests in this file are one visitor's browser, with several requests at once and a
// shared jar of one cookie, beside an attacker who planted a token or steals one, and an
// operator. Requests are split into their sending, each call to the store, and the
// arrival of the response. Calls fail, replies and responses are lost, processes die, and
// time passes. Chance chooses what happens next, again and again.

// A tick is half the grace, so that a request lives for less than two of them. A token
// rotates after three.
const (
	tick     = grace / 2
	rotation = 3 * tick
)

type who int

const (
	victim   who = iota
	attacker     // knows what was planted or stolen
	forger       // knows the session's ID and the visitor's password
	operator
)

type op int

const (
	reads op = iota
	changes
	logsInV
	logsInW
	ownerV // without LogIn
	renews
	remembers
	destroys
	touches
	revokesV
)

var (
	whoNames = [...]string{"victim", "attacker", "forger", "operator"}
	opNames  = [...]string{"read", "change", "log-in V", "log-in W", "owner V", "renew", "remember", "destroy", "touch", "revoke V"}
)

// A scenario says what may happen.
type scenario struct {
	name     string
	victims  []op
	others   map[who][]op
	planted  bool // the attacker knows the first token
	steals   bool // he may steal the jar's, once
	rotates  bool // tokens rotate
	nearby   bool // requests may load a copy of this tick
	slow     bool // requests may take longer than the grace
	loggedIn bool // the session begins with V's log-in, long ago
	ticks    int
	losses   int // processes that die, and responses that are lost
	unknowns int // writes whose reply is lost
}

func by(w who, ops ...op) map[who][]op { return map[who][]op{w: ops} }

var scenarios = []scenario{
	{name: "fixation: planted, login, attacker change", planted: true, victims: []op{logsInV}, others: by(attacker, changes), ticks: 2},
	{name: "fixation: planted, login, attacker destroy", planted: true, victims: []op{logsInV}, others: by(attacker, destroys), ticks: 2},
	{name: "fixation: planted, ownerchange, attacker chg", planted: true, victims: []op{ownerV}, others: by(attacker, changes, touches), ticks: 2},
	{name: "fixation: planted, 2 logins, attacker change", planted: true, victims: []op{logsInV, logsInV}, others: by(attacker, changes), losses: 1, ticks: 2},
	{name: "stolen, re-login, attacker change", steals: true, loggedIn: true, victims: []op{logsInV, reads}, others: by(attacker, changes), ticks: 3},
	{name: "login, stolen, re-login, attacker change", steals: true, victims: []op{logsInV, logsInV}, others: by(attacker, changes), ticks: 2},
	{name: "forger with password beside login", victims: []op{logsInV, reads}, others: by(forger, logsInV), ticks: 3},
	{name: "double click", victims: []op{logsInV, logsInV}, losses: 1, ticks: 1},
	{name: "double click, then read", victims: []op{logsInV, logsInV, reads}, losses: 1, ticks: 3},
	{name: "triple click", victims: []op{logsInV, logsInV, logsInV}, losses: 1, ticks: 1},
	{name: "double click, sibling change, unknown", victims: []op{logsInV, logsInV, changes}, unknowns: 1, ticks: 1},
	{name: "login V, login W", victims: []op{logsInV, logsInW}, losses: 1, ticks: 2},
	{name: "login beside destroy", victims: []op{logsInV, destroys}, losses: 1, ticks: 2},
	{name: "login beside remember", victims: []op{logsInV, remembers}, losses: 1, ticks: 2},
	{name: "login beside renew", victims: []op{logsInV, renews}, ticks: 2},
	{name: "changes, unknown outcome", victims: []op{changes, changes, remembers}, unknowns: 2, ticks: 1},
	{name: "remember beside touch", victims: []op{remembers, touches}, ticks: 1},
	{name: "revoke beside login W", loggedIn: true, victims: []op{logsInW, changes}, others: by(operator, revokesV), ticks: 2},
	{name: "revoke beside changes", loggedIn: true, victims: []op{changes, changes, logsInV}, others: by(operator, revokesV), ticks: 2},
	{name: "rotation: 3 siblings", rotates: true, loggedIn: true, victims: []op{reads, changes, changes}, losses: 1, ticks: 1},
	{name: "rotation: 4 reads", rotates: true, loggedIn: true, victims: []op{reads, reads, reads, reads}, losses: 1, ticks: 1},
	{name: "rotation over time", rotates: true, loggedIn: true, victims: []op{reads, reads, changes}, losses: 2, ticks: 8},
	{name: "rotation, unknown outcome", rotates: true, loggedIn: true, victims: []op{changes, changes, reads}, unknowns: 1, losses: 1, ticks: 2},
	{name: "rotation beside first login", rotates: true, victims: []op{reads, logsInV}, losses: 1, ticks: 2},
	{name: "rotation beside re-login", rotates: true, loggedIn: true, victims: []op{reads, logsInV}, ticks: 2},
	{name: "rotation beside double click", rotates: true, victims: []op{reads, logsInV, logsInV}, losses: 1, ticks: 1},
	{name: "rotation beside remember", rotates: true, loggedIn: true, victims: []op{reads, remembers}, losses: 1, ticks: 2},
	{name: "rotation beside remember, change", rotates: true, loggedIn: true, victims: []op{reads, remembers, changes}, losses: 1, ticks: 1},
	{name: "rotation: passive thief", rotates: true, loggedIn: true, steals: true, victims: []op{reads, reads, changes}, losses: 1, ticks: 4},
	{name: "rotation: active thief", rotates: true, loggedIn: true, steals: true, victims: []op{reads, reads}, others: by(attacker, reads, reads), ticks: 7},
	{name: "rotation: active thief, remember", rotates: true, loggedIn: true, steals: true, victims: []op{reads, reads}, others: by(attacker, remembers, reads), ticks: 5},
	{name: "client that never takes a new token", rotates: true, loggedIn: true, victims: []op{reads, reads, reads, reads, reads}, losses: 5, ticks: 16},
	{name: "thief rotates again and again", rotates: true, loggedIn: true, steals: true, victims: []op{reads}, others: by(attacker, reads, reads, reads, reads), ticks: 13},
	{name: "big: active thief, 3+2", rotates: true, loggedIn: true, steals: true, victims: []op{reads, reads, changes}, others: by(attacker, reads, changes), ticks: 6},
	{name: "big: 3 logins, remember, rotation", rotates: true, victims: []op{logsInV, logsInV, logsInV, remembers, reads}, losses: 1, ticks: 1},
	{name: "big: planted, stolen, 2 logins, change, renew", planted: true, steals: true, victims: []op{logsInV, logsInV, changes, renews}, others: by(attacker, changes), ticks: 2},
	{name: "near cache: login", nearby: true, planted: true, victims: []op{logsInV, reads, changes}, others: by(attacker, changes), ticks: 2},
	{name: "near cache: rotation", nearby: true, rotates: true, loggedIn: true, victims: []op{reads, changes, changes}, losses: 1, ticks: 2},
	{name: "slow requests: double click", slow: true, victims: []op{logsInV, logsInV}, ticks: 4},
	{name: "slow requests: rotation", slow: true, rotates: true, loggedIn: true, victims: []op{reads, reads, changes}, ticks: 5},

	// These are not in the model.
	{name: "log-out and remembering beside all", rotates: true, loggedIn: true, victims: []op{remembers, destroys, changes, reads}, losses: 1, unknowns: 1, ticks: 3},
	{name: "log-out beside a double click", victims: []op{logsInV, logsInV, destroys}, losses: 1, unknowns: 1, ticks: 2},
	{name: "a revocation beside a double click", victims: []op{logsInV, logsInV}, others: by(operator, revokesV), losses: 1, ticks: 2},
	{name: "lost replies of everything", rotates: true, loggedIn: true, victims: []op{logsInV, changes, remembers, renews}, losses: 1, unknowns: 3, ticks: 3},
	{name: "near cache: everything", nearby: true, rotates: true, loggedIn: true, steals: true, victims: []op{logsInV, changes, remembers, destroys}, others: by(attacker, changes, reads), losses: 1, unknowns: 1, ticks: 3},
}

func TestEveryScenario(t *testing.T) {
	walks := 200
	if os.Getenv("SESSIONS_EXHAUSTIVE") == "1" {
		walks = 20_000
	}
	for _, sc := range scenarios {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for seed := range uint64(walks) {
					w := newWorld(t, &sc, rand.New(rand.NewPCG(seed, 1)))
					if w.run(); len(w.faults) > 0 {
						t.Fatalf("seed %d:\n  %s\n%s", seed, strings.Join(w.trace, "\n  "), strings.Join(w.faults, "\n"))
					}
				}
			})
		})
	}
}

type phase int

const (
	unsent phase = iota
	running
	answered // and the response is on its way
	over
)

// A fate is what becomes of an actor's next step.
type fate int

const (
	goesOn fate = iota
	losesReply
	fails
	dies
	givesUp // after a failure, instead of another commit
)

// An actor is one request.
type actor struct {
	w       *world
	name    string
	n       int
	who     who
	op      op
	phase   phase
	token   session.Token // presented
	arrived time.Time
	sentAt  int

	fates   chan fate
	at      string // the step that it waits to take; empty if none
	s       *session.Session[state]
	err     error
	news    hooks.News
	issued  session.Token
	acked   bool // the response says done
	answers int  // the place of its cookie among the visitor's
}

// A world is one walk through a scenario.
type world struct {
	*scenario
	t       *testing.T
	mu      sync.Mutex // held by an actor that writes below: the end of one lets another go on
	rand    *rand.Rand
	store   *memstore.Store[state]
	policy  *session.Policy
	first   session.Token // of the visitor's session
	jar     session.Token
	known   []session.Token // to the attacker
	stole   bool
	reused  bool
	now     int
	left    struct{ losses, unknowns int }
	cookies int
	actors  []*actor
	epochs  map[session.Token]uint32             // in which a token was issued
	arrived map[session.ID]map[uint32]bool       // epochs of whose tokens one has arrived in the jar
	ended   map[session.ID]bool                  // by Destroy or by the operator
	copyOf  map[session.ID]session.Record[state] // near copies of this tick
	trace   []string
	faults  []string
}

func newWorld(t *testing.T, sc *scenario, r *rand.Rand) *world {
	w := &world{scenario: sc, t: t, rand: r, store: memstore.New[state](&memstore.Options{MaxSessions: 1000}),
		epochs: map[session.Token]uint32{}, arrived: map[session.ID]map[uint32]bool{}, ended: map[session.ID]bool{}, copyOf: map[session.ID]session.Record[state]{}}
	w.policy = &session.Policy{IdleTimeout: -1, Lifetime: 365 * day, SaveTimeout: day}
	w.policy.Observe = func(_ context.Context, e session.Event) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.reused = w.reused || e.Kind == session.EventReused
	}
	if sc.rotates {
		w.policy.RotateEvery = rotation
	}
	start := state{Count: 1}
	if sc.loggedIn {
		start.User = "V"
	}
	w.first = storedWith(t, w.store, w.policy, start)
	time.Sleep(50 * tick)
	w.jar, w.arrived[w.first.ID()] = w.first, map[uint32]bool{0: true}
	w.epochs[w.first] = 0
	if sc.planted {
		w.known = append(w.known, w.first)
	}
	w.left.losses, w.left.unknowns = sc.losses, sc.unknowns
	add := func(who who, op op) {
		n := len(w.actors)
		w.actors = append(w.actors, &actor{w: w, n: n, who: who, op: op, fates: make(chan fate), name: fmt.Sprintf("%s#%d(%s)", whoNames[who], n, opNames[op])})
	}
	for _, op := range sc.victims {
		add(victim, op)
	}
	for _, who := range []who{attacker, forger, operator} {
		for _, op := range sc.others[who] {
			add(who, op)
		}
	}
	return w
}

func (w *world) bad(format string, args ...any) {
	w.faults = append(w.faults, fmt.Sprintf(format, args...))
}

// An action is something that may happen next.
type action struct {
	name string
	do   func()
}

// run lets things happen until nothing can any more, or something is wrong.
func (w *world) run() {
	for len(w.faults) == 0 {
		possible := w.possible()
		if len(possible) == 0 {
			if slices.ContainsFunc(w.actors, func(a *actor) bool { return a.phase == running }) {
				time.Sleep(time.Millisecond) // one waits before it tries again
				continue
			}
			break
		}
		a := possible[w.rand.IntN(len(possible))]
		w.trace = append(w.trace, a.name)
		a.do()
		synctest.Wait()
		w.checkState()
	}
	if len(w.faults) == 0 {
		w.checkRest()
	}
	for _, a := range w.actors { // after a fault
		for a.phase == running {
			if a.at == "" {
				time.Sleep(time.Millisecond)
				continue
			}
			a.fates <- dies
			synctest.Wait()
		}
	}
}

func (w *world) possible() (all []action) {
	w.mu.Lock()
	defer w.mu.Unlock()
	can := func(name string, do func()) { all = append(all, action{name, do}) }
	for _, a := range w.actors {
		switch {
		case a.phase == unsent && !w.alikeUnsent(a):
			switch a.who {
			case victim:
				can(a.name+" is sent with "+w.label(w.jar), func() { a.send(w.jar) })
			case attacker:
				for _, token := range w.known {
					can(a.name+" is sent with "+w.label(token), func() { a.send(token) })
				}
			case forger:
				can(a.name+" is sent", func() { a.send(session.NewToken(w.first.ID())) })
			case operator:
				can(a.name+" begins", func() { a.send(session.Token{}) })
			}
		case a.phase == running && a.at == "again?":
			can(a.name+" commits again", func() { a.fates <- goesOn })
			can(a.name+" answers 503", func() { a.fates <- givesUp })
		case a.phase == running && a.at != "":
			can(a.name+" "+a.at, func() { a.fates <- goesOn })
			if a.at == "Save" && w.left.unknowns > 0 && a.who == victim {
				can(a.name+" Save, reply lost", func() { w.left.unknowns--; a.fates <- losesReply })
				can(a.name+" Save fails", func() { w.left.unknowns--; a.fates <- fails })
			}
			if w.left.losses > 0 && a.who == victim {
				can(a.name+" dies", func() { w.left.losses--; a.fates <- dies })
			}
		case a.phase == answered && w.inTurn(a):
			can(fmt.Sprintf("response to %s arrives (news %d)", a.name, a.news), func() { w.deliver(a) })
			if w.left.losses > 0 && a.news != hooks.NoNews && a.who == victim {
				can("response to "+a.name+" is lost", func() { w.left.losses--; a.phase = over })
			}
		}
	}
	if w.steals && !w.stole && w.jar.ID() == w.first.ID() && !slices.Contains(w.known, w.jar) {
		can("the attacker steals "+w.label(w.jar), func() { w.stole = true; w.known = append(w.known, w.jar) })
	}
	if w.now < w.ticks && w.timeMayPass() {
		can("time passes", func() { w.now++; clear(w.copyOf); time.Sleep(tick) })
	}
	return all
}

// alikeUnsent reports whether a request that is alike goes first.
func (w *world) alikeUnsent(a *actor) bool {
	return slices.ContainsFunc(w.actors[:a.n], func(b *actor) bool { return b.who == a.who && b.op == a.op && b.phase == unsent })
}

func (w *world) timeMayPass() bool {
	return w.slow || !slices.ContainsFunc(w.actors, func(a *actor) bool {
		return (a.phase == running || a.phase == answered) && w.now+1-a.sentAt >= 2
	})
}

// inTurn reports whether no response with an earlier cookie is on its way.
func (w *world) inTurn(a *actor) bool {
	return a.who != victim || a.news == hooks.NoNews || !slices.ContainsFunc(w.actors, func(b *actor) bool {
		return b.who == victim && b.phase == answered && b.news != hooks.NoNews && b.answers < a.answers
	})
}

// label names a token for the trace.
func (w *world) label(token session.Token) string {
	if token.IsZero() {
		return "no token"
	}
	rec, err := w.store.Load(w.t.Context(), token.ID())
	if err != nil {
		return "a token of an ended session"
	}
	return fmt.Sprintf("%s of %.4s (%v)", kindOf(rec, token, time.Now()), token.Reveal()[23:], rec.Secrets)
}

// kindOf returns what a record makes of a token at a time, by the record's own bytes:
// "current", "open", "ending", "ended", "passed", or "" for none.
func kindOf(rec session.Record[state], token session.Token, at time.Time) string {
	data, _ := rec.Secrets.AppendBinary(nil)
	own, _ := session.NewSecrets(token).AppendBinary(nil)
	for entry := range slices.Chunk(data[4:], 41) {
		if string(entry[9:]) != string(own[13:]) {
			continue
		}
		kind := [...]string{"", "current", "open", "ending", "ended"}[entry[0]]
		if until := int64(binary.BigEndian.Uint64(entry[1:9])); until != 0 && at.UnixMilli() >= until {
			return "passed"
		}
		return kind
	}
	return ""
}

func accepted(kind string) bool { return kind == "current" || kind == "open" || kind == "ending" }

// send begins the request.
func (a *actor) send(token session.Token) {
	a.token, a.arrived, a.sentAt, a.phase = token, time.Now(), a.w.now, running
	go func() {
		died := true
		defer func() {
			w := a.w
			w.mu.Lock()
			defer w.mu.Unlock()
			if a.phase = answered; died {
				a.phase = over
			}
		}()
		a.serve()
		died = false
	}()
}

// serve is the request, as a server handles it.
func (a *actor) serve() {
	w := a.w
	var store session.Store[state] = &stepped{a}
	if w.nearby {
		store = &steppedNear{stepped{a}}
	}
	ctx := context.Background()
	if a.who == operator {
		_, a.err = session.EndIf(ctx, store, new(session.Policy), w.first.ID(), session.ReasonRevoked, func(rec *session.Record[state]) bool { return rec.Owner == "V" })
		return
	}
	policy := w.policy
	if a.op == touches {
		touching := *policy
		touching.IdleTimeout = day // moves the end forward
		policy = &touching
	}
	a.s, a.err = session.Load(ctx, store, policy, a.token, a.arrived)
	if a.err != nil {
		return
	}
	mark := note(fmt.Sprint(a.n))
	switch a.op {
	case changes:
		mark(a.s)
	case logsInV, logsInW:
		mark(a.s)
		logIn(map[op]string{logsInV: "V", logsInW: "W"}[a.op])(a.s)
	case ownerV:
		mark(a.s)
		become("V")(a.s)
	case renews:
		mark(a.s)
		renew(a.s)
	case remembers:
		mark(a.s)
		remember(false)(a.s)
	case destroys:
		logOut(a.s)
	}
	for range 3 {
		if a.err = a.s.Commit(ctx); !errors.Is(a.err, session.ErrUnavailable) || a.turn("again?") == givesUp {
			break
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if a.acked = a.err == nil; a.acked {
		a.news = hooks.Of(a.s).News()
		a.issued = tokenOf(a.s)
	}
	if a.news == hooks.NewToken {
		w.epochs[a.issued] = hooks.Of(a.s).Renewals()
	}
	w.cookies++
	a.answers = w.cookies
	w.checkAnswer(a)
}

func (a *actor) waitAt(step string) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	a.at = step
}

// turn waits for the actor's turn.
func (a *actor) turn(at string) fate {
	a.waitAt(at)
	f := <-a.fates
	if a.waitAt(""); f == dies {
		runtime.Goexit()
	}
	return f
}

// stepped is the store as a request sees it: each call is a step.
type stepped struct{ a *actor }

func (s *stepped) do(op string, do func() error) error {
	switch f := s.a.turn(op); {
	case f == fails:
		return errDown
	default:
		s.a.w.mu.Lock()
		defer s.a.w.mu.Unlock()
		err := do()
		if f == losesReply {
			return errDown
		}
		return err
	}
}

func (s *stepped) Load(ctx context.Context, id session.ID) (rec session.Record[state], err error) {
	err = s.do("Load", func() error {
		if rec, err = s.a.w.store.Load(ctx, id); err == nil {
			s.a.w.copyOf[id] = rec
		}
		return err
	})
	return rec, err
}

func (s *stepped) Save(ctx context.Context, rec *session.Record[state]) error {
	written := *rec
	err := s.do("Save", func() error {
		before, _ := s.a.w.store.Load(ctx, rec.ID)
		err := s.a.w.store.Save(ctx, &written)
		if err == nil {
			s.a.w.checkWrite(s.a, before, written)
		}
		return err
	})
	if err == nil {
		*rec = written
	}
	return err
}

func (s *stepped) Touch(ctx context.Context, id session.ID, rev session.Revision, expires time.Time) error {
	return s.do("Touch", func() error {
		before, _ := s.a.w.store.Load(ctx, id)
		err := s.a.w.store.Touch(ctx, id, rev, expires)
		if err == nil && s.a.w.epochs[s.a.token] != before.Secrets.Renewals() {
			s.a.w.bad("a touch by a token from before a log-in")
		}
		return err
	})
}

func (s *stepped) Delete(ctx context.Context, id session.ID, rev session.Revision) error {
	return s.do("Delete", func() error {
		before, _ := s.a.w.store.Load(ctx, id)
		err := s.a.w.store.Delete(ctx, id, rev)
		if err == nil {
			s.a.w.ended[id] = true
			if s.a.who == operator && before.Owner != "V" {
				s.a.w.bad("the operator ends the session of another owner")
			}
			if s.a.who != operator && !accepted(kindOf(before, s.a.token, s.a.arrived)) {
				s.a.w.bad("a dead token ends the session")
			}
		}
		return err
	})
}

func (s *stepped) Exists(ctx context.Context, id session.ID) (bool, error) {
	return s.a.w.store.Exists(ctx, id)
}

// steppedNear answers with copies of this tick, when it comes so.
type steppedNear struct{ stepped }

func (s *steppedNear) Open(ctx context.Context, id session.ID, accepts func(session.Secrets) bool) (session.Record[state], bool, error) {
	w := s.a.w
	s.a.turn("Open")
	w.mu.Lock()
	defer w.mu.Unlock()
	if copied, ok := w.copyOf[id]; ok && w.rand.IntN(2) == 0 && accepts(copied.Secrets) {
		w.trace = append(w.trace, "  … a copy")
		return copied, true, nil
	}
	rec, err := w.store.Load(ctx, id)
	if err != nil {
		return rec, false, err
	}
	w.copyOf[id] = rec
	if !accepts(rec.Secrets) {
		rec.Value = state{}
	}
	return rec, false, nil
}

// checkWrite looks at a write that the store took.
func (w *world) checkWrite(a *actor, before, after session.Record[state]) {
	if before.ID.IsZero() {
		return // created
	}
	login := a.op == logsInV || a.op == logsInW
	if epoch, known := w.epochs[a.token]; !login && (!known || epoch != before.Secrets.Renewals()) {
		w.bad("%s: a token from before a log-in or renewal changes the session after it", a.name)
	}
	if a.who == forger {
		w.bad("an ID and a password join another browser's session")
	}
	if kind := kindOf(before, a.token, a.arrived); !accepted(kind) && !(login && kind == "ended" && before.Owner == after.Owner) {
		w.bad("%s: a token that is %q changes the session", a.name, kind)
	}
}

// checkAnswer looks at a response.
func (w *world) checkAnswer(a *actor) {
	rec, err := w.store.Load(w.t.Context(), a.token.ID())
	alive := err == nil && a.who == victim && a.token.ID() == w.first.ID() && w.epochs[a.token] == rec.Secrets.Renewals()
	if _, known := w.epochs[a.token]; alive && known && errors.Is(a.err, session.ErrGone) {
		w.bad("%s: 409 for a sibling whose session was renewed softly", a.name)
	}
	if alive && a.s != nil && a.err == nil && a.op == reads && a.s.Value().Count == 0 && accepted(kindOf(rec, a.token, a.arrived)) {
		w.bad("%s: an empty value for a sibling whose session was renewed softly", a.name)
	}
	if (a.op == logsInV || a.op == logsInW) && errors.Is(a.err, session.ErrGone) {
		w.bad("%s is told that its session is gone, and begins none", a.name)
	}
	if a.err != nil && !errors.Is(a.err, session.ErrGone) && w.unknowns == 0 {
		if a.who != operator || !errors.Is(a.err, session.ErrNotFound) {
			w.bad("%s fails: %v", a.name, a.err)
		}
	}
	if a.s != nil && a.who == forger && w.epochs[a.token] == 0 && a.s.ID() == w.first.ID() {
		w.bad("an invented secret is accepted")
	}
	if a.news == hooks.NewToken {
		if rec, err := w.store.Load(w.t.Context(), a.issued.ID()); err == nil && kindOf(rec, a.issued, time.Now()) != "current" {
			w.bad("%s: a cookie with a token that is %q", a.name, kindOf(rec, a.issued, time.Now()))
		}
	}
}

// deliver is the arrival of a response.
func (w *world) deliver(a *actor) {
	a.phase = over
	if a.who != victim {
		if a.news == hooks.NewToken {
			w.known = append(w.known, a.issued)
		}
		return
	}
	before := w.kind(w.jar)
	good := before == "current" || before == "open"
	switch a.news {
	case hooks.NewToken:
		w.jar = a.issued
		if w.arrived[a.issued.ID()] == nil {
			w.arrived[a.issued.ID()] = map[uint32]bool{}
		}
		w.arrived[a.issued.ID()][w.epochs[a.issued]] = true
		if _, err := w.store.Load(w.t.Context(), w.jar.ID()); err == nil && good && !accepted(w.kind(w.jar)) {
			w.bad("a late response overwrites a good cookie by a dead one")
		}
	case hooks.NoToken:
		if w.jar = (session.Token{}); good {
			w.bad("a late log-out clears a good cookie")
		}
	}
}

// kind is what the store makes of a token now.
func (w *world) kind(token session.Token) string {
	rec, err := w.store.Load(w.t.Context(), token.ID())
	if err != nil {
		return ""
	}
	return kindOf(rec, token, time.Now())
}

// checkState looks at what is stored.
func (w *world) checkState() {
	for rec := range w.store.All(w.t.Context()) {
		if w.ended[rec.ID] {
			w.bad("a session that was ended is back")
		}
		sorted := slices.Sorted(slices.Values(rec.Value.Notes))
		if len(slices.Compact(sorted)) != len(rec.Value.Notes) {
			w.bad("a change was made twice: %v", rec.Value.Notes)
		}
		for _, a := range w.actors {
			if silent := a.op == reads || a.op == touches || a.op == destroys; a.acked && !silent && a.s.ID() == rec.ID && !slices.Contains(rec.Value.Notes, fmt.Sprint(a.n)) {
				w.bad("%s was acknowledged and is lost", a.name)
			}
		}
	}
}

func (w *world) has(who who, ops ...op) (n int) {
	for _, a := range w.actors {
		if a.who == who && slices.Contains(ops, a.op) {
			n++
		}
	}
	return n
}

// passive reports whether the attacker had no request that might have given him a token.
func (w *world) passive() bool {
	for _, a := range w.actors {
		if a.who == attacker && (w.rotates || a.op != reads && a.op != changes && a.op != touches) {
			return false
		}
	}
	return true
}

// checkRest looks at how the visitor goes on when all requests are over.
func (w *world) checkRest() {
	rec, err := w.store.Load(w.t.Context(), w.jar.ID())
	alive := err == nil
	kind := w.kind(w.jar)
	if alive && w.arrived[rec.ID][rec.Secrets.Renewals()] && w.passive() {
		if !accepted(kind) {
			w.bad("the jar's token is %q though one of the last renewal arrived", kind)
		} else if kind == "ending" {
			w.bad("the jar's token is going to die though the session lives")
		}
	}
	hostile := w.has(forger, logsInV) + w.has(attacker, destroys) + w.has(victim, destroys) + w.has(operator, revokesV)
	if w.has(victim, logsInV) >= 2 && w.has(victim, logsInW, renews) == 0 && hostile == 0 && w.ticks < 2 && w.losses+w.unknowns <= 1 {
		n := 0
		for range w.store.ByOwner(w.t.Context(), "V") {
			n++
		}
		if n > 1 {
			w.bad("a double click leaves %d sessions", n)
		}
	}
	if w.rotates && alive && rec.ID == w.first.ID() && !rec.LoggedIn.IsZero() && (kind == "current" || kind == "open") {
		if w.passive() {
			w.checkPassiveThief()
		} else {
			w.checkActiveThief()
		}
	}
	if alive && !accepted(w.kind(w.jar)) { // a visitor with a dead token can go on
		time.Sleep(2 * grace)
		if _, err := w.use(w.jar, changes); err != nil {
			w.bad("every change fails for as long as the session lives: %v", err)
		}
	}
}

// use is one whole request, and returns the client's token after it.
func (w *world) use(token session.Token, op op) (session.Token, error) {
	act := request(read)
	if op == changes {
		act = note("use")
	}
	s, err := visitWith(w.t, w.store, w.policy, token, act)
	if err != nil || s.Gone() || op == reads && s.IsNew() {
		return session.Token{}, errors.Join(err, session.ErrGone)
	}
	return tokenOf(s), nil
}

// checkPassiveThief lets the visitor use two rotations. They must not log him out, and end
// what was stolen.
func (w *world) checkPassiveThief() {
	jar := w.jar
	for range 2 {
		time.Sleep(rotation + tick)
		for range 2 {
			next, err := w.use(jar, reads)
			if err != nil {
				w.bad("the visitor's own rotations log him out: %v", err)
				return
			}
			jar = next
		}
		time.Sleep(grace)
	}
	for _, token := range w.known {
		if !w.stole || token.ID() != w.first.ID() {
			continue
		}
		if kind := w.kind(token); accepted(kind) && !token.Equal(jar) {
			w.bad("a stolen token is %q after two rotations that the visitor used", kind)
		}
	}
}

// checkActiveThief lets attacker and visitor go on. One of them must be found out.
func (w *world) checkActiveThief() {
	var thief session.Token
	for _, token := range slices.Backward(w.known) {
		if token.ID() == w.first.ID() && accepted(w.kind(token)) {
			thief = token
			break
		}
	}
	if thief.IsZero() || thief.Equal(w.jar) {
		return
	}
	w.reused = false
	jar, first := w.jar, w.rand.IntN(2)
	for range 8 {
		for k := range 2 {
			if k == first {
				next, err := w.use(thief, reads)
				if err != nil {
					return // his token died
				}
				thief = next
			} else {
				next, err := w.use(jar, reads)
				if err != nil && !w.reused {
					w.bad("the visitor is out, the attacker is in, and nothing is reported")
				}
				if err != nil {
					return
				}
				jar = next
			}
			time.Sleep(grace)
		}
	}
	w.bad("attacker and visitor both go on for ever")
}
