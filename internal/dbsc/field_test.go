package dbsc_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/seed48429006/sessions/internal/dbsc"
)

func TestParseList(t *testing.T) {
	for field, want := range map[string][]dbsc.Item{
		`(ES256 RS256);path="/a/b";challenge="c"`: {{Values: []string{"ES256", "RS256"}, Params: map[string]string{"path": "/a/b", "challenge": "c"}}},
		`"c1";id="s1", "c2"; id="s\"2"`: {
			{Values: []string{"c1"}, Params: map[string]string{"id": "s1"}},
			{Values: []string{"c2"}, Params: map[string]string{"id": `s"2`}},
		},
		`unreachable;session_identifier=123,quota_exceeded`: {
			{Values: []string{"unreachable"}, Params: map[string]string{"session_identifier": "123"}}, {Values: []string{"quota_exceeded"}},
		},
		"( )": {{}}, "": nil, "  ": nil, "a b": nil, "(a": nil, `"a`: nil, `"a\x"`: nil, ";a": nil, "a;": nil, "a;b=": nil, "a,,b": nil,
		strings.Repeat("a,", 3000): nil,
	} {
		if diff := cmp.Diff(want, dbsc.ParseList(field)); diff != "" {
			t.Errorf("%.40s: %s", field, diff)
		}
	}
}

func TestParseString(t *testing.T) {
	for field, want := range map[string]string{
		`"a b"`: "a b", "a": "a", ` "a";v=1`: "a", "a;v": "a", `"a\\b"`: `a\b`, `""`: "",
	} {
		if got, ok := dbsc.ParseString(field, 10); !ok || got != want {
			t.Errorf("%s: %q, %v", field, got, ok)
		}
	}
	for _, field := range []string{`"a`, `"a" "b"`, "a b", "a,b", `a"b`, strings.Repeat("a", 11), `"` + strings.Repeat("a", 11) + `"`, strings.Repeat("a", 1000)} {
		if got, ok := dbsc.ParseString(field, 10); ok {
			t.Errorf("%s: %q", field, got)
		}
	}
}

func TestQuote(t *testing.T) {
	for text, want := range map[string]string{"a": `"a"`, `a"\`: `"a\"\\"`, "a\r\nb\x00é": `"ab"`, "": `""`} {
		if got := dbsc.Quote(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func FuzzFields(f *testing.F) {
	f.Add(`(ES256 RS256);path="/a";challenge="c", "x\"";id=1`)
	f.Fuzz(func(t *testing.T, field string) {
		dbsc.ParseList(field)
		if text, ok := dbsc.ParseString(field, 100); ok {
			if again, ok := dbsc.ParseString(dbsc.Quote(text), 300); ok && dbsc.Quote(again) != dbsc.Quote(text) {
				t.Errorf("%q becomes %q", text, again)
			}
		}
	})
}
