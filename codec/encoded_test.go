package codec_test

import (
	"crypto/tls"
	"database/sql"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

// grant is a type of another package, as oauth2.Token is.
type grant struct {
	Access string         `json:"access_token"`
	Expiry time.Time      `json:"expiry,omitzero"`
	Raw    map[string]any `json:"raw,omitempty"`
	mu     sync.Mutex
	extra  any
}

var _ = &(&grant{}).mu

type granted struct {
	Name  string
	Grant codec.Encoded[*grant]
	Any   codec.Encoded[map[string]any]
	List  []codec.Encoded[any]
}

func TestEncodedComesBack(t *testing.T) {
	full := granted{Name: "ada", List: make([]codec.Encoded[any], 2)}
	full.Grant.Set(&grant{Access: "<secret>", Expiry: time.Unix(1, 0).UTC(), Raw: map[string]any{"roles": []any{"a", 1.5, nil}}, extra: 1})
	full.Any.Set(map[string]any{"b": true, "a": "x"})
	full.List[1].Set("text")
	for name, c := range map[string]codec.Codec[granted]{"MessagePack": codec.MessagePack[granted](), "JSON": codec.JSON[granted]()} {
		t.Run(name, func(t *testing.T) {
			if err := c.(codec.Checker).Check(); err != nil {
				t.Fatal(err)
			}
			for _, want := range []granted{{}, full} {
				data, err := c.Append(nil, &want)
				var got granted
				if err == nil {
					err = c.Decode(data, &got)
				}
				if err != nil || !cmp.Equal(want, got, cmp.AllowUnexported(codec.Encoded[*grant]{}, codec.Encoded[map[string]any]{}, codec.Encoded[any]{})) {
					t.Errorf("from %q: got %+v and error %v, want %+v", data, got, err, want)
				}
			}
		})
	}
	if got := full.Grant.Get(); got.Access != "<secret>" || got.extra != nil || got.Raw["roles"].([]any)[1] != 1.5 {
		t.Errorf("got %+v", got)
	}
}

func TestEncodedInASession(t *testing.T) {
	s := session.New(memstore.New[granted](nil), nil)
	if err := session.Check[granted](); err != nil {
		t.Fatal(err)
	}
	token := &grant{Access: "a", Raw: map[string]any{"n": 1.0}}
	s.Update(func(g *granted) { g.Grant.Set(token) })
	token.Access, token.Raw["n"] = "b", 2.0
	s.Value().Grant.Get().Access = "c"
	if got := s.Value().Grant.Get(); got.Access != "a" || got.Raw["n"] != 1.0 {
		t.Errorf("the session's value changed from outside: %+v", got)
	}
	if err := s.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.Update(func(g *granted) { g.Grant.Set(&grant{Access: "a", Raw: map[string]any{"n": 1.0}}) }); s.Modified() {
		t.Errorf("an equal value changes %v", s.Changes())
	}
	if s.Update(func(g *granted) { g.Grant.Set(token) }); !cmp.Equal(s.Changes(), []string{"Grant"}) {
		t.Errorf("another value changes %v", s.Changes())
	}
}

func TestEncodedRefusesValuesThatItWouldChange(t *testing.T) {
	for name, v := range map[string]any{
		"large integer": int64(math.MaxInt64),
		"function":      func() {},
		"not UTF-8":     "\xff",
		"NaN":           math.NaN(),
		"too deep":      json.RawMessage(strings.Repeat("[", 100) + strings.Repeat("]", 100)),
	} {
		t.Run(name, func(t *testing.T) {
			s := session.New(memstore.New[granted](nil), nil)
			s.Update(func(g *granted) { g.Any.Set(map[string]any{"v": v}) })
			if e, ok := errors.AsType[*session.EncodeError](s.Commit(t.Context())); !ok || !strings.Contains(e.Error(), "Encoded[map[string]") {
				t.Errorf("got error %v", e)
			}
		})
	}
}

func TestEncodedOfATypeWithoutJSONIsRefused(t *testing.T) {
	checks[struct{ E codec.Encoded[sync.Mutex] }](t, "E", "E")
	checks[struct {
		E codec.Encoded[struct{ C chan int }]
	}](t, "E", "E")
	checks[struct {
		E codec.Encoded[struct{ A, B string }]
	}](t, "-", "-")
}

func TestHostileEncodedData(t *testing.T) {
	for _, data := range []string{`{"access_token":1}`, `{`, strings.Repeat("[", 1000), `{} {}`, ` `} {
		var e codec.Encoded[grant]
		if e.UnmarshalBinary([]byte(data)) == nil || !e.IsZero() {
			t.Errorf("%.20q is read as %v", data, e)
		}
	}
}

// Errors about types of other packages name the remedy.
func TestCheckNamesEncoded(t *testing.T) {
	err := codec.MessagePack[struct{ M []sql.NamedArg }]().(codec.Checker).Check()
	if err == nil || !strings.Contains(err.Error(), "keep the sql.NamedArg in a codec.Encoded[sql.NamedArg]") {
		t.Errorf("got %v", err)
	}
	err = codec.MessagePack[struct {
		A sync.Mutex
		B atomic.Int64
		C *big.Float
		D *regexp.Regexp
		E tls.Config
	}]().(codec.Checker).Check()
	if err == nil || strings.Contains(err.Error(), "Encoded") {
		t.Errorf("Encoded cannot keep them, but is named as a remedy: %v", err)
	}
	err = codec.MessagePack[struct{ M map[string]any }]().(codec.Checker).Check()
	if err == nil || !strings.Contains(err.Error(), "a codec.Encoded[map[string]any]") {
		t.Errorf("got %v", err)
	}
}

// Numbers that take time out of proportion to be decoded are refused, as they are outside
// of Encoded.
func TestHostileNumbersInEncoded(t *testing.T) {
	for _, data := range []string{`1` + strings.Repeat("0", 1<<14), `"1/1` + strings.Repeat("0", 1<<14) + `"`, `"1e9999999"`} {
		var n codec.Encoded[*big.Int]
		var r codec.Encoded[struct{ R []big.Rat }]
		if n.UnmarshalBinary([]byte(data)) == nil || r.UnmarshalJSON([]byte(`{"R":[`+data+`]}`)) == nil {
			t.Errorf("%.20s is read", data)
		}
	}
	if n := codec.EncodedOf(big.NewInt(1 << 60)); n.Get().Int64() != 1<<60 {
		t.Errorf("got %v", n.Get())
	}
	checks[struct {
		E codec.Encoded[[]*regexp.Regexp]
	}](t, "E", "E")
	checks[struct {
		E codec.Encoded[map[string]struct{ R regexp.Regexp }]
	}](t, "E", "E")
}

// An escape that a type wrote itself is no sign of text that is not UTF-8.
func TestEncodedKeepsEscapes(t *testing.T) {
	v := map[string]json.RawMessage{"a": json.RawMessage(`"\ufffd"`)}
	if got := codec.EncodedOf(v).Get(); !cmp.Equal(got, v) {
		t.Errorf("got %s", got)
	}
	e := codec.EncodedOf(map[string]string{"a": "\xff"})
	if data, err := e.MarshalJSON(); err == nil {
		t.Errorf("text that is not UTF-8 becomes %s", data)
	}
}

// A nil that was set is no change of a zero Encoded.
func TestEncodedNil(t *testing.T) {
	s := session.New(memstore.New[granted](nil), nil)
	if s.Update(func(g *granted) { g.Grant.Set(nil); g.Any.Set(nil) }); s.Modified() {
		t.Errorf("nil changes %v", s.Changes())
	}
	if e := codec.EncodedOf[*grant](nil); !e.IsZero() || e.Get() != nil {
		t.Errorf("got %v", e.Get())
	}
}
