package near

import (
	"bufio"
	"reflect"
	"strings"
	"testing"
)

func read(text string) (value, error) {
	return readValue(bufio.NewReader(strings.NewReader(text)), 0)
}

func TestReadValue(t *testing.T) {
	for text, want := range map[string]value{
		"+OK\r\n":            {kind: '+', text: "OK"},
		"-ERR no\r\n":        {kind: '-', text: "ERR no"},
		":12\r\n":            {kind: ':', text: "12"},
		"_\r\n":              {kind: '_'},
		"$5\r\na\r\nbc\r\n":  {kind: '$', text: "a\r\nbc"},
		"$-1\r\n":            {kind: '_'},
		"*-1\r\n":            {kind: '_', items: []value{}},
		"=5\r\ntxt:a\r\n":    {kind: '=', text: "txt:a"},
		"*1\r\n*1\r\n#t\r\n": {kind: '*', items: []value{{kind: '*', items: []value{{kind: '#', text: "t"}}}}},
		"%1\r\n+a\r\n:1\r\n": {kind: '%', items: []value{{kind: '+', text: "a"}, {kind: ':', text: "1"}}},
		">2\r\n+a\r\n_\r\n":  {kind: '>', items: []value{{kind: '+', text: "a"}, {kind: '_'}}},
		"!5\r\nERR a\r\n":    {kind: '!', text: "ERR a"},
	} {
		if got, err := read(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v, error %v", text, got, err)
		}
	}
	for _, text := range []string{"", "\r\n", "+OK\n", "$5\r\nabcde--", "$-2\r\n", "$9999999999\r\n", "*x\r\n", "?1\r\n", "*2\r\n+a\r\n",
		strings.Repeat("*1\r\n", 20) + "+a\r\n", "$1048577\r\n"} {
		if got, err := read(text); err == nil {
			t.Errorf("%q: got %+v", text, got)
		}
	}
}

func TestErrorsOfReplies(t *testing.T) {
	for text, want := range map[string]bool{"-ERR\r\n": true, "!3\r\nERR\r\n": true, "+ERR\r\n": false} {
		if v, err := read(text); err != nil || (v.err() != nil) != want {
			t.Errorf("%q: %v, %v", text, v.err(), err)
		}
	}
}

func FuzzReadValue(f *testing.F) {
	f.Add(">2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nfoo\r\n")
	f.Add("%1\r\n+a\r\n=5\r\ntxt:a\r\n")
	f.Add("*1000000000\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := read(text)
		var size func(value) int
		size = func(v value) int {
			n := len(v.text) + 1
			for _, item := range v.items {
				n += size(item)
			}
			return n
		}
		if n := size(v); err == nil && n > len(text) {
			t.Errorf("%d bytes became a value of %d", len(text), n)
		}
	})
}

func TestAppendCommand(t *testing.T) {
	const want = "*2\r\n$4\r\nPING\r\n$0\r\n\r\n"
	if got := string(appendCommand(nil, "PING", "")); got != want {
		t.Errorf("got %q", got)
	}
}

func TestField(t *testing.T) {
	const info = "# Server\r\nrun_id:abc\r\nother:x\r\n"
	if field(info, "run_id") != "abc" || field(info, "run") != "" {
		t.Error(field(info, "run_id"))
	}
}
