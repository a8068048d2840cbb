package codec_test

import (
	"math"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/codec"
)

func TestJSONRefuses(t *testing.T) {
	type list struct {
		A any
		B []list
		C map[string]int
		D string
	}
	c := codec.JSON[list]()
	for _, tt := range []struct{ name, data string }{
		{"nothing", ""},
		{"null for a struct", "null"},
		{"null with space", "null "},
		{"two values", "{}{}"},
		{"two values with a newline", "{}\n{}"},
		{"newline at the end", "{}\n"},
		{"zero byte at the end", "{}\x00"},
		{"another type", `{"B":"text"}`},
		{"fraction for an integer", `{"C":{"a":1.5}}`},
		{"number too large", `{"C":{"a":1e99}}`},
		{"65 levels", `{"A":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`},
		{"65 levels, with brackets in strings", `{"D":"]]]]}}}}\"","A":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`},
		{"a million levels", strings.Repeat(`{"B":[`, 1<<20)},
		{"unfinished string", `{"D":"`},
		{"unfinished escape", `{"D":"\`},
	} {
		got := list{D: "before"}
		if err := c.Decode([]byte(tt.data), &got); err == nil {
			t.Errorf("%s: decoded to %+v", tt.name, got)
		}
		if got.D != "" {
			t.Errorf("%s: the value is not zero after the error", tt.name)
		}
	}
	deep := `{"D":"[[[[\\","A":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`
	if err := c.Decode([]byte(deep), new(list)); err != nil {
		t.Errorf("64 levels: %v", err)
	}
}

func TestJSONRefusesToWrite(t *testing.T) {
	for _, text := range []string{"\xff", "a\xc3", "\\\xff", "\"\xed\xa0\x80"} {
		if got, err := codec.JSON[[]string]().Append([]byte("kept"), &[]string{"fine", text}); err == nil || string(got) != "kept" {
			t.Errorf("%q: got %q and error %v", text, got, err)
		}
		if _, err := codec.JSON[map[string]int]().Append(nil, &map[string]int{text: 1}); err == nil {
			t.Errorf("%q as a key was let pass", text)
		}
	}
	for _, f := range []float64{math.NaN(), math.Inf(1)} {
		if _, err := codec.JSON[float64]().Append(nil, &f); err == nil {
			t.Errorf("%v was let pass", f)
		}
	}
}

func TestJSONKeepsText(t *testing.T) {
	for _, text := range []string{"\ufffd", `\ufffd`, `\\ufffd`, "</script>&", "\u2028", "\x00\x1f\"\\/"} {
		c := codec.JSON[string]()
		data, err := c.Append(nil, &text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		var got string
		if err := c.Decode(data, &got); err != nil || got != text {
			t.Errorf("%q comes back as %q, error %v", text, got, err)
		}
	}
	html := "<a&b>"
	if data, err := codec.JSON[string]().Append(nil, &html); err != nil || string(data) != `"<a&b>"` {
		t.Errorf("got %s and error %v", data, err)
	}
}

func TestJSONKeepsAnEmbeddedStructUnderItsName(t *testing.T) {
	type named struct{ Name string }
	type value struct {
		named `json:"n"`
	}
	c, want := codec.JSON[value](), value{named{"Ada"}}
	data, err := c.Append(nil, &want)
	if err != nil || string(data) != `{"n":{"Name":"Ada"}}` {
		t.Fatalf("got %s and error %v", data, err)
	}
	var got value
	if err := c.Decode(data, &got); err != nil || got != want {
		t.Errorf("comes back as %+v, error %v", got, err)
	}
}

// One call that failed does not spoil the next.
func TestJSONAfterAnError(t *testing.T) {
	c := codec.JSON[map[string]float64]()
	for range 20 {
		if _, err := c.Append(nil, &map[string]float64{"a": math.NaN()}); err == nil {
			t.Fatal("NaN was let pass")
		}
		if data, err := c.Append(nil, &map[string]float64{"b": 1}); err != nil || string(data) != `{"b":1}` {
			t.Fatalf("got %s and error %v", data, err)
		}
	}
}
