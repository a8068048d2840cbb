package session

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// This file is the one of the package's tests that sees unexported names: the list of
// secrets is pure, small enough to be tested whole, and its steps are no one else's.

var (
	noon   = time.UnixMilli(1_800_000_000_000).UTC()
	lapsed = noon.UnixMilli() // the moment at which an entry's time has passed
)

// lives are all that an entry can be at noon.
var lives = []secret{
	{kind: current}, {kind: open},
	{kind: ending, until: lapsed + 1}, {kind: ending, until: lapsed},
	{kind: ended, until: lapsed + 1}, {kind: ended, until: lapsed},
}

// hashOf returns the hash of the nth secret of a test. That of zero is none.
func hashOf(n int) (h hash) {
	h[0] = byte(n)
	return h
}

const fresh = 100 // the number of the secret that a step adds

// everyList calls f with every list of 1 to 5 secrets that has a current one. The
// secrets have the numbers 1 to 5, the newest first.
func everyList(f func(list []secret)) {
	var fill func(list []secret)
	fill = func(list []secret) {
		if slices.ContainsFunc(list, func(e secret) bool { return e.kind == current }) {
			f(list)
		}
		if len(list) == maxSecrets {
			return
		}
		for _, e := range lives {
			e.hash = hashOf(len(list) + 1)
			fill(append(slices.Clone(list), e))
		}
	}
	fill(nil)
}

// The rules of every step, as they are laid down, without regard to how they are built.

func ruleSettle(list []secret) []secret {
	list = slices.Clone(list)
	for i := range list {
		if list[i].kind == open {
			list[i].kind, list[i].until = ending, noon.Add(30*time.Second).UnixMilli()
		}
	}
	return list
}

// ruleRoom drops the oldest that may go until one more has room: expired ones, and then
// those of the given kinds.
func ruleRoom(list []secret, presented hash, kinds ...kind) ([]secret, bool) {
	list = slices.Clone(list)
	oldest := func(may func(secret) bool) bool {
		for i := len(list) - 1; i >= 0; i-- {
			if list[i].hash != presented && may(list[i]) {
				list = slices.Delete(list, i, i+1)
				return true
			}
		}
		return false
	}
next:
	for len(list) >= 5 {
		if oldest(func(e secret) bool { return e.kind >= ending && e.until <= lapsed }) {
			continue
		}
		for _, k := range kinds {
			if oldest(func(e secret) bool { return e.kind == k }) {
				continue next
			}
		}
		return nil, false
	}
	return list, true
}

func ruleNew(list []secret) []secret {
	return append([]secret{{kind: current, hash: hashOf(fresh)}}, list...)
}

func ruleReopen(list []secret) []secret {
	for i := range list {
		if list[i].kind == current {
			list[i].kind = open
		}
	}
	return list
}

var anyKind = []kind{ended, open, ending, current} // in the order in which they go

func ruleSoft(list []secret, presented hash) []secret {
	list, _ = ruleRoom(list, presented, anyKind...)
	return ruleNew(ruleReopen(list))
}

func ruleHard(list []secret, presented hash) []secret {
	list = slices.Clone(list)
	for i, e := range list {
		if e.kind < ending || e.kind == ending && e.until > lapsed {
			list[i].kind, list[i].until = ended, noon.Add(30*time.Second).UnixMilli()
		}
	}
	list, _ = ruleRoom(list, presented, anyKind...)
	return ruleNew(list)
}

func ruleRotate(list []secret, presented hash) ([]secret, bool) {
	list, ok := ruleRoom(list, presented)
	if !ok {
		return nil, false
	}
	return ruleNew(ruleReopen(list)), true
}

func ruleJoin(list []secret, presented hash) ([]secret, bool) {
	list, ok := ruleRoom(list, presented)
	if !ok {
		return nil, false
	}
	return ruleNew(list), true
}

func show(list []secret) string {
	var b strings.Builder
	for _, e := range list {
		fmt.Fprintf(&b, "%d:%s", e.hash[0], [...]string{"?", "current", "open", "ending", "ended"}[e.kind])
		if e.until != 0 {
			fmt.Fprintf(&b, "(%+dms)", e.until-lapsed)
		}
		b.WriteByte(' ')
	}
	return b.String()
}

func TestEveryListOfSecrets(t *testing.T) {
	lists := 0
	everyList(func(list []secret) {
		lists++
		s := pack(7, list, "")
		for n := range len(list) + 1 { // presented; zero is none of them
			presented := hashOf(n)
			if n == 0 {
				presented = hashOf(50)
			}
			check := func(step string, got Secrets, room bool, want []secret, wantRoom bool, renewals uint32) {
				t.Helper()
				if room != wantRoom {
					t.Errorf("%s by %d of %s: room %v", step, n, show(list), room)
				}
				if !wantRoom {
					want = list
				}
				if !slices.Equal(got.list(), want) || got.Renewals() != renewals {
					t.Errorf("%s by %d of %s gives %s, want %s; %d renewals", step, n, show(list), show(got.list()), show(want), got.Renewals())
				}
				checkSecrets(t, got)
				if n > 0 && got.find(presented) < 0 {
					t.Errorf("%s by %d of %s drops the presented one", step, n, show(list))
				}
			}
			check("settle", s.settle(noon), true, ruleSettle(list), true, 7)
			check("soft", s.soft(hashOf(fresh), presented, noon), true, ruleSoft(list, presented), true, 7)
			check("hard", s.hard(hashOf(fresh), presented, noon), true, ruleHard(list, presented), true, 8)
			got, room := s.rotate(hashOf(fresh), presented, noon)
			want, wantRoom := ruleRotate(list, presented)
			check("rotate", got, room, want, wantRoom, 7)
			if s.hasRoom(presented, noon) != wantRoom {
				t.Errorf("hasRoom by %d of %s: %v", n, show(list), !wantRoom)
			}
			got, room = s.join(hashOf(fresh), presented, noon)
			want, wantRoom = ruleJoin(list, presented)
			check("join", got, room, want, wantRoom, 7)

			how, k := s.classify(presented, noon)
			wantHow, wantKind := unknown, kind(0)
			if n > 0 {
				e := list[n-1]
				wantKind = e.kind
				switch {
				case e.kind <= open, e.kind == ending && e.until > lapsed:
					wantHow = accepted
				case e.kind == ended && e.until > lapsed:
					wantHow = gone
				}
			}
			if how != wantHow || k != wantKind {
				t.Errorf("classify %d of %s: %v, %v", n, show(list), how, k)
			}
		}
		if s.settled() != !slices.ContainsFunc(list, func(e secret) bool { return e.kind == open }) {
			t.Errorf("settled of %s: %v", show(list), s.settled())
		}
		data, _ := s.AppendBinary(nil)
		if again, err := ParseSecrets(data); err != nil || again != s || len(data) != 4+41*len(list) {
			t.Errorf("%s does not come back: %v", show(list), err)
		}
		if t.Failed() {
			t.FailNow()
		}
	})
	if lists < 5000 {
		t.Errorf("only %d lists", lists)
	}
}

// checkSecrets checks what holds for every list.
func checkSecrets(t *testing.T, s Secrets) {
	t.Helper()
	list := s.list()
	if len(list) < 1 || len(list) > 5 || list[0].kind == 0 {
		t.Errorf("%d secrets: %s", len(list), show(list))
	}
	if !slices.ContainsFunc(list, func(e secret) bool { return e.kind == current }) {
		t.Errorf("none is current: %s", show(list))
	}
	data, _ := s.AppendBinary(nil)
	if again, err := ParseSecrets(data); err != nil || again != s {
		t.Errorf("it cannot be stored: %v, %s", err, show(list))
	}
}

func TestParseSecretsRefuses(t *testing.T) {
	good, _ := pack(0, []secret{{kind: current}, {kind: ended, until: 1}}, "").AppendBinary(nil)
	six, _ := pack(0, make([]secret, 6), "").AppendBinary(nil)
	for i := range 6 {
		six[4+41*i] = byte(current)
	}
	with := func(at int, b byte) []byte {
		data := bytes.Clone(good)
		data[at] = b
		return data
	}
	for name, data := range map[string][]byte{
		"nothing": nil, "a count alone": good[:4], "half a secret": good[:4+41+20], "a byte more": append(bytes.Clone(good), 0),
		"six secrets": six, "kind zero": with(4, 0), "an unknown kind": with(4, 5), "none that is current": with(4, byte(ended)),
		"a current one with a time": with(4+8, 1), "an ended one without": with(4+41+8, 0),
	} {
		if s, err := ParseSecrets(data); err == nil || !s.IsZero() {
			t.Errorf("%s is taken for %v", name, s)
		}
	}
	if s, err := ParseSecrets(good); err != nil || s.String() != "current, ended" || fmt.Sprintf("%v %+v %#v %x", s, s, s, s) != strings.TrimSpace(strings.Repeat("current, ended ", 4)) {
		t.Errorf("%v, %v", s, err)
	}
	if (Secrets{}).Renewals() != 0 || (Secrets{}).String() != "" {
		t.Error("the zero Secrets are something")
	}
	if how, k := (Secrets{}).classify(hash{}, noon); how != unknown || k != 0 {
		t.Error("the zero Secrets give access")
	}
}

// TestTermsOfSecrets checks that the terms are kept, one by one and through each step.
func TestTermsOfSecrets(t *testing.T) {
	bare := pack(3, []secret{{kind: current, hash: hashOf(1)}, {kind: open, hash: hashOf(2)}}, "")
	s := bare.with(reasonTerm, "why").with(deviceTerm, strings.Repeat("k", 300)).with(idleTerm, "i")
	checkSecrets(t, s)
	presented := hashOf(1)
	rotated, _ := s.rotate(hashOf(fresh), presented, noon)
	joined, _ := s.join(hashOf(fresh), presented, noon)
	for name, s := range map[string]Secrets{
		"as they are": s, "settle": s.settle(noon), "rotate": rotated, "join": joined,
		"hard": s.hard(hashOf(fresh), presented, noon), "soft": s.soft(hashOf(fresh), presented, noon),
	} {
		if s.term(reasonTerm) != "why" || s.term(deviceTerm) != strings.Repeat("k", 300) || s.term(idleTerm) != "i" {
			t.Errorf("%s: the terms are %q", name, s.terms())
		}
	}
	if got := s.with(reasonTerm, "").with(idleTerm, "j").with(deviceTerm, ""); got != bare.with(idleTerm, "j") || got.term(deviceTerm) != "" {
		t.Errorf("the terms that are left are %q", got.terms())
	}
	if got := s.with(reasonTerm, "").with(idleTerm, "").with(deviceTerm, ""); got != bare {
		t.Errorf("the terms that are left are %q", got.terms())
	}
	good, _ := bare.AppendBinary(nil)
	for name, terms := range map[string]string{
		"an unknown term":     string([]byte{byte(lastTerm) + 1, 0, 1, 'x'}),
		"one without data":    string([]byte{byte(reasonTerm), 0, 0}),
		"one that is short":   string([]byte{byte(reasonTerm), 0, 2, 'x'}),
		"half a head":         string([]byte{byte(reasonTerm), 0}),
		"one twice":           strings.Repeat(string([]byte{byte(reasonTerm), 0, 1, 'x'}), 2),
		"the wrong order":     string([]byte{byte(reasonTerm), 0, 1, 'x', byte(deviceTerm), 0, 1, 'x'}),
		"a byte after a term": string([]byte{byte(reasonTerm), 0, 1, 'x', 0}),
		"too long a term":     string([]byte{byte(reasonTerm), 3, 50}) + strings.Repeat("x", 3*256+50),
	} {
		if s, err := ParseSecrets(append(bytes.Clone(good), terms...)); err == nil {
			t.Errorf("%s is taken for %q", name, s.terms())
		}
	}
	if s, err := ParseSecrets(append(bytes.Clone(good), string([]byte{byte(reasonTerm), 3, 44})+strings.Repeat("x", 3*256+44)...)); err != nil || len(s.term(reasonTerm)) != 812 {
		t.Errorf("the longest term: %v", err)
	}
}

func FuzzParseSecrets(f *testing.F) {
	everyList(func(list []secret) {
		if len(list) < 3 {
			data, _ := pack(uint32(len(list)), list, "").AppendBinary(nil)
			f.Add(data)
			data, _ = pack(0, list, "").with(reasonTerm, "r").with(deviceTerm, "key").AppendBinary(nil)
			f.Add(data)
		}
	})
	note, _ := pack(0, []secret{{kind: ended, until: 1, hash: hashOf(1)}, {kind: ended, until: lapsed + 1, hash: hashOf(2)}}, "").with(reasonTerm, "r").AppendBinary(nil)
	f.Add(note)
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseSecrets(data)
		if err != nil {
			return
		}
		if again, _ := s.AppendBinary(nil); !bytes.Equal(again, data) {
			t.Errorf("%x is another spelling of %x", data, again)
		}
		if s.isNote() { // nothing but an end: it is never settled or given a secret
			for i := range s.len() {
				if how, _ := s.classify(s.at(i).hash, noon); how == accepted {
					t.Errorf("the note %x gives access", data)
				}
			}
			return
		}
		presented := s.at(s.len() - 1).hash
		checkSecrets(t, s.settle(noon))
		checkSecrets(t, s.soft(hashOf(fresh), presented, noon))
		checkSecrets(t, s.hard(hashOf(fresh), presented, noon))
		rotated, _ := s.rotate(hashOf(fresh), presented, noon)
		checkSecrets(t, rotated)
		joined, _ := s.join(hashOf(fresh), presented, noon)
		checkSecrets(t, joined)
		changed := joined.with(reasonTerm, "r")
		checkSecrets(t, changed)
		for _, is := range []term{deviceTerm, idleTerm} {
			if changed.term(is) != s.term(is) || changed.term(reasonTerm) != "r" {
				t.Errorf("%x: the terms are %q, after %q", data, changed.terms(), s.terms())
			}
		}
	})
}

// Each two bytes of the input are a step: its kind, and who presents what after how long.
func FuzzStepsOfSecrets(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 2, 1, 3, 2})
	f.Add([]byte("soft, settle, rotate and rotate again, and then a log-in"))
	f.Add(bytes.Repeat([]byte{4, 0, 0, 0x40}, 40))
	f.Fuzz(func(t *testing.T, steps []byte) {
		at, n := noon, 1
		s := pack(0, []secret{{kind: current, hash: hashOf(1)}}, "")
		dead := map[hash]string{}    // secrets that gave no access any more, and why
		planted := map[hash]uint32{} // the count of renewals in which each was issued
		planted[hashOf(1)] = 0
		for ; len(steps) > 1 && n < 90; steps = steps[2:] {
			at = at.Add(time.Duration(steps[1]>>5) * 7 * time.Second)
			presented := s.at(int(steps[1]&31) % s.len()).hash
			how, k := s.classify(presented, at)
			before, h := s, hashOf(n+1)
			added := true
			switch steps[0] % 5 {
			case 0:
				if added = false; how == accepted && k == current {
					s = s.settle(at)
				}
			case 1:
				if added = how == accepted; added {
					s = s.soft(h, presented, at)
				}
			case 2:
				if added = how == accepted; added {
					s = s.hard(h, presented, at)
				}
			case 3:
				if added = how == accepted && (k == current || k == open); added {
					s, added = s.rotate(h, presented, at)
				}
			case 4:
				if added = how == gone; added {
					s, added = s.join(h, presented, at)
				}
			}
			checkSecrets(t, s)
			if added {
				n++
				planted[h] = s.Renewals()
				if how, k := s.classify(h, at); how != accepted || k != current || s.find(h) != 0 {
					t.Fatalf("the new secret is %v, %v", how, k)
				}
			}
			if s.find(presented) < 0 {
				t.Fatalf("the presented secret is dropped from %s", show(before.list()))
			}
			for i := 1; i <= n; i++ {
				h := hashOf(i)
				how, _ := s.classify(h, at)
				if was := dead[h]; how == accepted && was != "" {
					t.Fatalf("secret %d was %s and is accepted in %s", i, was, show(s.list()))
				} else if how == accepted && planted[h] != s.Renewals() {
					t.Fatalf("secret %d of renewal %d is accepted after renewal %d", i, planted[h], s.Renewals())
				} else if how != accepted && was == "" {
					dead[h] = fmt.Sprint("refused at ", at)
				}
			}
		}
	})
}

// The secrets of a bound session have an end, which no step extends.
func TestSecretsOfABoundSession(t *testing.T) {
	key := strings.Repeat("k", 64)
	everyList(func(list []secret) {
		if len(list) > 3 {
			return
		}
		for _, end := range []int64{-1, 1, 600_000} {
			bound := pack(7, list, "").withDevice(device{binding: bound, at: 1, salt: strings.Repeat("s", saltLen), key: key})
			s := bound.limit(noon.Add(time.Duration(end) * time.Millisecond))
			checkSecrets(t, s)
			latest := func(s Secrets) (most int64) {
				for _, e := range s.list() {
					if e.kind < ended {
						most = max(most, e.until)
					}
				}
				return most
			}
			for n := range list {
				presented := hashOf(n + 1)
				how, _ := s.classify(presented, noon)
				if e := s.at(n); (how == accepted) != (e.kind < ended && e.until > lapsed) {
					t.Fatalf("%d of %s is %v", n, show(s.list()), how)
				}
				if how != accepted {
					continue
				}
				for step, got := range map[string]Secrets{"settle": s.settle(noon), "soft": s.soft(hashOf(fresh), presented, noon)} {
					got = got.limit(time.UnixMilli(s.at(n).until))
					checkSecrets(t, got)
					if latest(got) > latest(s) {
						t.Fatalf("%s by %d extends %s to %s", step, n+1, show(s.list()), show(got.list()))
					}
				}
				hard := s.hard(hashOf(fresh), presented, noon)
				checkSecrets(t, hard)
				checkSecrets(t, hard.withDevice(device{}))
				for i := range len(list) {
					if how, _ := hard.classify(hashOf(i+1), noon); how == accepted {
						t.Fatalf("a log-in leaves %s", show(hard.list()))
					}
				}
			}
		}
	})
	for name, data := range map[string]string{
		"short": "k", "without a key": strings.Repeat("\x03", saltAt), "a key without salt": strings.Repeat("\x03", keyAt),
	} {
		if d := pack(0, []secret{{kind: current}}, "").with(deviceTerm, data).device(); d.binding == bound || d.key != "" {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// All terms fit beside the largest key.
func TestTheLargestKeyHasRoom(t *testing.T) {
	s := pack(0, make([]secret, maxSecrets), "").withDevice(device{binding: bound, salt: strings.Repeat("s", saltLen), key: strings.Repeat("k", 513)})
	if left := maxTermsLen - len(s.terms()); left < 200 {
		t.Errorf("%d bytes are left for other terms", left)
	}
}

func FuzzChallenge(f *testing.F) {
	c := challenge{id: ID{1}, at: noon.UnixMilli()}
	f.Add(c.String())
	f.Add(strings.Repeat("A", challengeText))
	f.Fuzz(func(t *testing.T, text string) {
		if c, ok := parseChallenge(text); ok && c.String() != text {
			t.Errorf("%q is another spelling of %q", text, c.String())
		}
	})
}
