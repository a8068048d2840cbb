package stores_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmihailenco/msgpack/v5"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/internal/deep"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/redistest"
	"github.com/seed48429006/sessions/stores/memstore"
)

// Types that a codec's library stores in another way than it looks.
type (
	Language struct{ Language string }
	speaker  struct {
		Language
		Name string
	}
	Tagged struct{ N int }
	tagged struct {
		Tagged
		X int `msgpack:"Tagged" json:"Tagged"`
	}
	aliased struct {
		A int `msgpack:"a,alias:B"`
		B int
	}
	Renamed struct {
		N int `msgpack:"n,alias:m"`
	}
	renamed struct{ Renamed }

	Half     struct{ Word string }
	halfText struct {
		Half
		Note string
	}
	halfOwn struct {
		Half
		Note string
	}

	date  struct{ Year, Month, Day int }
	grade int
	never struct{ V int }

	exact struct {
		Cents  int64
		secret *string
	}
	decimal struct {
		Unscaled int64
		Scale    int
	}
	nullDecimal struct {
		Decimal decimal
		Valid   bool
	}
	maybe struct {
		Word  string
		Valid bool
	}
	URLs    *url.URL
	Omitted struct {
		A int `json:",omitempty" msgpack:",omitempty"`
	}
	picky  struct{ Word string }
	keyed  string
	number int
)

func (h Half) MarshalText() ([]byte, error)     { return []byte(h.Word), nil }
func (h *Half) UnmarshalText(text []byte) error { h.Word = string(text); return nil }
func (h halfText) MarshalText() ([]byte, error) { return []byte(h.Word + "/" + h.Note), nil }
func (h *halfOwn) UnmarshalText(text []byte) error {
	h.Word, h.Note, _ = strings.Cut(string(text), "/")
	return nil
}

func (d date) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%04d-%02d-%02d", d.Year, d.Month, d.Day), nil
}
func (d *date) UnmarshalText(text []byte) error {
	at, err := time.Parse(time.DateOnly, string(text))
	d.Year, d.Month, d.Day = at.Year(), int(at.Month()), at.Day()
	return err
}

func (g grade) MarshalText() ([]byte, error) {
	if g < 1 || g > 6 {
		return nil, fmt.Errorf("there is no grade %d", int(g))
	}
	return fmt.Append(nil, int(g)), nil
}
func (g *grade) UnmarshalText(text []byte) error {
	_, err := fmt.Sscan(string(text), (*int)(g))
	return err
}

func (n never) MarshalText() ([]byte, error)     { panic("never") }
func (n *never) UnmarshalText(text []byte) error { return nil }

func (e exact) EncodeMsgpack(enc *msgpack.Encoder) error {
	return enc.Encode([]any{e.Cents, e.secret})
}
func (e *exact) DecodeMsgpack(dec *msgpack.Decoder) error {
	var all struct {
		_msgpack struct{} `msgpack:",as_array"`
		Cents    int64
		Secret   *string
	}
	err := dec.Decode(&all)
	e.Cents, e.secret = all.Cents, all.Secret
	return err
}
func (e exact) MarshalText() ([]byte, error)     { return []byte("[redacted]"), nil }
func (e *exact) UnmarshalText(text []byte) error { return nil }
func (e exact) Clone() exact {
	if e.secret != nil {
		e.secret = new(*e.secret)
	}
	return e
}

func (d decimal) MarshalBinary() ([]byte, error) {
	return json.Marshal([]int64{d.Unscaled, int64(d.Scale)})
}
func (d *decimal) UnmarshalBinary(data []byte) error {
	var parts [2]int64
	err := json.Unmarshal(data, &parts)
	d.Unscaled, d.Scale = parts[0], int(parts[1])
	return err
}
func (d decimal) MarshalText() ([]byte, error) {
	r := new(big.Rat).SetFrac(big.NewInt(d.Unscaled), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(d.Scale)), nil))
	return []byte(r.RatString()), nil
}
func (d *decimal) UnmarshalText(text []byte) error {
	r, ok := new(big.Rat).SetString(string(text))
	if !ok {
		return errors.New("no decimal")
	}
	d.Unscaled, d.Scale = r.Num().Int64(), 0
	for x := r.Denom().Int64(); x > 1; x /= 10 {
		d.Scale++
	}
	return nil
}

func (d nullDecimal) MarshalJSON() ([]byte, error) {
	if !d.Valid {
		return []byte("null"), nil
	}
	return json.Marshal(d.Decimal)
}
func (d *nullDecimal) UnmarshalJSON(data []byte) error {
	if d.Valid = string(data) != "null"; !d.Valid {
		return nil
	}
	return json.Unmarshal(data, &d.Decimal)
}
func (d nullDecimal) MarshalText() ([]byte, error) {
	if !d.Valid {
		return nil, nil
	}
	return d.Decimal.MarshalText()
}
func (d *nullDecimal) UnmarshalText(text []byte) error {
	if d.Valid = len(text) > 0; !d.Valid {
		return nil
	}
	return d.Decimal.UnmarshalText(text)
}

func (m maybe) MarshalBinary() ([]byte, error) {
	if !m.Valid {
		return nil, nil
	}
	return []byte(m.Word), nil
}
func (m *maybe) UnmarshalBinary(data []byte) error {
	if len(data) == 0 {
		return errors.New("no word")
	}
	*m = maybe{string(data), true}
	return nil
}
func (m maybe) MarshalJSON() ([]byte, error) {
	if !m.Valid {
		return []byte("null"), nil
	}
	return json.Marshal(m.Word)
}
func (m *maybe) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	m.Valid = true
	return json.Unmarshal(data, &m.Word)
}

func (p picky) MarshalText() ([]byte, error) { return []byte(p.Word), nil }
func (p *picky) UnmarshalText(text []byte) error {
	if strings.Contains(string(text), "!") {
		return errors.New("no exclamation")
	}
	p.Word = string(text)
	return nil
}

func (k keyed) MarshalText() ([]byte, error) { return []byte("<" + string(k) + ">"), nil }
func (k *keyed) UnmarshalText(text []byte) error {
	*k = keyed(strings.Trim(string(text), "<>"))
	return nil
}

func (n number) MarshalJSON() ([]byte, error) { return fmt.Append(nil, "[", int(n), "]"), nil }
func (n *number) UnmarshalJSON(data []byte) error {
	return json.Unmarshal([]byte(strings.Trim(string(data), "[]")), (*int)(n))
}

// A verdict says where a type is refused, by the path that the error begins with. An empty
// path stands for a type that is kept.
type verdict struct{ memory, msgpack, json string }

// judged checks where a T is refused. Where it is not, the values come back as they were.
// It asks the parts of a store for that, since a store of each T takes long to compile.
func judged[T any](want verdict, values ...T) func(t *testing.T) {
	return func(t *testing.T) {
		for name, as := range map[string]struct {
			codec codec.Codec[T]
			path  string
		}{"memory": {nil, want.memory}, "MessagePack": {codec.MessagePack[T](), want.msgpack}, "JSON": {codec.JSON[T](), want.json}} {
			err := session.Check[T]()
			if err == nil && as.codec != nil {
				err = as.codec.(codec.Checker).Check()
			}
			if (err == nil) != (as.path == "") || err != nil && !strings.Contains(err.Error(), "."+as.path+": ") && !strings.Contains(err.Error(), "]"+as.path+": ") && as.path != "." {
				t.Errorf("%s: got error %v, want one about %q", name, err, as.path)
			}
			if err == nil {
				for i := range values {
					comesBack(t, fmt.Sprint(name, " ", i), as.codec, &values[i])
				}
			}
		}
	}
}

// comesBack checks that a value is the same in the form in which a session keeps it, and
// when it comes from a store with the codec, if there is one.
func comesBack[T any](t *testing.T, name string, c codec.Codec[T], v *T) {
	t.Helper()
	plan := deep.Of[T]()
	committed := plan.Copy(v)
	plan.Normalize(committed)
	loaded := committed
	if c != nil {
		data, err := c.Append(nil, committed)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		loaded = new(T)
		if err := c.Decode(data, loaded); err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
	}
	for where, got := range map[string]*T{"committed": committed, "loaded": loaded} {
		if diff := cmp.Diff(*v, *got, deeply...); diff != "" {
			t.Errorf("%s, %s (-want +got):\n%s", name, where, diff)
		}
	}
	if !plan.Equal(committed, loaded) {
		t.Errorf("%s: to set it again changes %v", name, plan.Changes(loaded, committed))
	}
}

func TestTypesThatLibrariesStoreInAnotherWay(t *testing.T) {
	for name, judge := range map[string]func(*testing.T){
		"a field of its struct's name":     judged(verdict{"", "Language", ""}, speaker{Language{"de"}, "ada"}),
		"a tag with an embedded name":      judged(verdict{"", "X", ""}, tagged{Tagged{1}, 2}),
		"an alias that is another's name":  judged(verdict{"", "B", ""}, aliased{1, 2}),
		"an alias within an embedded":      judged(verdict{"", "Renamed.N", ""}, renamed{Renamed{1}}),
		"writes itself, reads an embedded": judged[struct{ H halfText }](verdict{"H", "H", "H"}),
		"reads itself, writes an embedded": judged[struct{ H halfOwn }](verdict{"H", "H", "H"}),
		"a zero that is not read":          judged[struct{ D date }](verdict{"D", "D", "D"}),
		"a pointer to that":                judged(verdict{}, struct{ D *date }{}, struct{ D *date }{&date{2026, 1, 2}}),
		"an enumeration from one":          judged[struct{ G grade }](verdict{"G", "G", "G"}),
		"an embedded one":                  judged[struct{ S struct{ G [2]grade } }](verdict{"S.G[]", "S.G[]", "S.G[]"}),
		"pointers and lists of that": judged(verdict{}, struct {
			P *grade
			L []grade
		}{new(grade(2)), []grade{1}}),
		"one that is omitted": judged(verdict{}, struct {
			G grade `msgpack:",omitempty" json:",omitempty"`
		}{}),
		"a zero that panics": judged[struct{ N never }](verdict{"N", "N", "N"}),
		"hidden from JSON": judged(verdict{"", "", "Secret"}, struct {
			Secret map[string]*int `json:"-"`
		}{map[string]*int{"a": new(1)}}),
		"hidden from JSON, with a channel": judged[struct {
			M struct{ C chan int } `json:"-"`
		}](verdict{"", "M", ""}),
		"a redacting text":                judged(verdict{}, struct{ E *exact }{}),
		"an address in four bytes":        judged(verdict{}, struct{ IP net.IP }{net.IPv4(1, 2, 3, 4)}),
		"a decimal":                       judged(verdict{}, struct{ D decimal }{decimal{123, 1}}),
		"pointer to a URL":                judged(verdict{"", "", "U.User.username"}, struct{ U *url.URL }{}, struct{ U *url.URL }{&url.URL{}}, struct{ U *url.URL }{&url.URL{Path: "/"}}),
		"named pointer to a URL":          judged(verdict{"", "", "U.User.username"}, struct{ U URLs }{}, struct{ U URLs }{&url.URL{}}),
		"pointer to an address":           judged(verdict{}, struct{ P *net.IP }{}, struct{ P *net.IP }{new(net.IP)}, struct{ P *net.IP }{new(net.IPv4(1, 2, 3, 4))}),
		"pointer to one that may be null": judged[struct{ P *maybe }](verdict{"P", "P", "P"}),
		"one that may be null":            judged(verdict{}, struct{ P maybe }{}, struct{ P maybe }{maybe{"w", true}}),
		"embedded pointer of omitted":     judged[struct{ *Omitted }](verdict{".", "Omitted", "Omitted"}),
		"keys with a text":                judged(verdict{"", "", "M"}, struct{ M map[keyed]int }{map[keyed]int{"a": 1}}),
		"string option, own text": judged[struct {
			N number `json:",string"`
		}](verdict{"", "", "N"}),
		"string option, pointer to own": judged[struct {
			G *grade `json:",string"`
		}](verdict{"", "", "G"}),
		"JSON name with a quote": judged(verdict{"", "", "N"}, struct {
			//lint:ignore SA5008 encoding/json reads such a name in another way than one may expect
			N int `json:"user's name"`
		}{1}),
		"MessagePack name in quotes": judged(verdict{"", "N", ""}, struct {
			N int `msgpack:"'-'"`
		}{1}),
		"options for a struct": judged(verdict{"", "_msgpack", ""}, struct {
			_msgpack struct{} `msgpack:",omitempty"`
			N        []int
		}{N: []int{1}}),
		"inline of another type": judged(verdict{"", "Names", ""}, struct {
			Names Names `msgpack:",inline"`
		}{Names{"a"}}),
		"map of arrays of named bytes":   judged(verdict{"", "", ""}, struct{ M map[string][2]octet }{map[string][2]octet{"a": {1, 2}}}),
		"a pointer as a whole":           judged[*speaker](verdict{".", ".", "."}),
		"a regular expression":           judged[struct{ R *regexp.Regexp }](verdict{"R", "R", "R"}),
		"a float of arbitrary precision": judged[struct{ F *big.Float }](verdict{"F", "F", "F"}),
		"raw JSON with an escape":        judged(verdict{}, struct{ R json.RawMessage }{json.RawMessage(`"\ufffd"`)}),
	} {
		t.Run(name, judge)
	}
}

type Names []string

// A value that only one of the codecs keeps is kept by that, and in memory.
func TestTypesWithAnExactAndARedactingForm(t *testing.T) {
	type holder = struct{ E exact }
	for _, k := range []kind{{}, {"MessagePack", redistest.New(t)}} {
		keep(t, mustStore[holder](t, k), k.codec, holder{exact{5, new("x")}}, holder{exact{5, new("x")}})
	}
}

// What a codec writes alike is no change, and what it writes otherwise is one.
func TestChangesAreChangesOfTheEncoding(t *testing.T) {
	type holder = struct {
		IP   net.IP
		D    decimal
		Null nullDecimal
	}
	start := holder{IP: net.IP{1, 2, 3, 4}, D: decimal{123, 1}}
	onEveryKind(t, func(t *testing.T, k kind) {
		store := mustStore[holder](t, k)
		for name, tt := range map[string]struct {
			edit    func(*holder)
			changes []string
		}{
			"an address in sixteen bytes": {func(h *holder) { h.IP = h.IP.To16() }, nil},
			"another address":             {func(h *holder) { h.IP = net.IP{1, 2, 3, 5} }, []string{"IP"}},
			"another scale":               {func(h *holder) { h.D = decimal{1230, 2} }, []string{"D.Unscaled", "D.Scale"}},
			"another decimal":             {func(h *holder) { h.D = decimal{124, 1} }, []string{"D.Unscaled"}},
			"null with a rest":            {func(h *holder) { h.Null.Decimal = decimal{5, 0} }, nil},
			"no longer null":              {func(h *holder) { h.Null.Valid = true }, []string{"Null.Valid"}},
		} {
			s := session.New(store, nil)
			s.Set(start)
			if err := s.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			token, _ := s.Token()
			loaded, err := session.Load(t.Context(), store, nil, token, time.Time{})
			if err != nil {
				t.Fatal(err)
			}
			for where, s := range map[string]*session.Session[holder]{"committed": s, "loaded": loaded} {
				if s.Update(tt.edit); !slices.Equal(s.Changes(), tt.changes) || s.Modified() != (tt.changes != nil) {
					t.Errorf("%s, %s: changes %v, want %v", name, where, s.Changes(), tt.changes)
				}
			}
		}
	})
}

// A value that its own decoder refuses is an error of the commit, however it got there.
func TestValuesThatTheirOwnDecoderRefuses(t *testing.T) {
	type holder = struct {
		P    picky
		Date []date
		H    []hiddenPicky
	}
	bad := map[string]holder{
		"text":   {P: picky{"no!"}},
		"zero":   {Date: []date{{}}},
		"hidden": {H: []hiddenPicky{{[]string{"no!"}}}},
	}
	onEveryKind(t, func(t *testing.T, k kind) {
		store := mustStore[holder](t, k)
		for name, v := range bad {
			for how, change := range map[string]func(*session.Session[holder]){
				"Set":    func(s *session.Session[holder]) { s.Set(v) },
				"Update": func(s *session.Session[holder]) { s.Update(func(h *holder) { *h = v }) },
				"LogIn":  func(s *session.Session[holder]) { s.LogIn(func(h *holder) { *h = v }) },
			} {
				s := session.New(store, nil)
				change(s)
				s.Value()
				if _, ok := errors.AsType[*session.EncodeError](s.Commit(t.Context())); !ok {
					t.Errorf("%s by %s: no EncodeError", name, how)
				}
			}
		}
	})
}

// hiddenPicky is copied through its text, which it may refuse.
type hiddenPicky struct{ words []string }

func (p hiddenPicky) MarshalText() ([]byte, error) { return []byte(strings.Join(p.words, " ")), nil }
func (p *hiddenPicky) UnmarshalText(text []byte) error {
	if strings.Contains(string(text), "!") {
		return errors.New("no exclamation")
	}
	p.words = strings.Fields(string(text))
	return nil
}

// Wherever New refuses a type, every codec does.
func TestCodecsRefuseWhatNewRefuses(t *testing.T) {
	_, err := sessions.New(memstore.New[unfit](nil), nil)
	for _, c := range []codec.Codec[unfit]{codec.MessagePack[unfit](), codec.JSON[unfit]()} {
		says := c.(codec.Checker).Check()
		for _, path := range unfitPaths {
			if !strings.Contains(fmt.Sprint(says), ": unfit."+path) || !strings.Contains(err.Error(), ": unfit."+path) {
				t.Errorf("%T does not refuse %s:\n%v", c, path, says)
			}
		}
	}
}
