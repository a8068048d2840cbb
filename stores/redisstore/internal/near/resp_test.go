package near

import (
	"bufio"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

func read(text string) (Reply, error) {
	return readReply(bufio.NewReader(strings.NewReader(text)), 0)
}

func TestReadReply(t *testing.T) {
	for text, want := range map[string]Reply{
		"+OK\r\n":            {Kind: '+', Text: "OK"},
		"-ERR no\r\n":        {Kind: '-', Text: "ERR no"},
		":12\r\n":            {Kind: ':', Text: "12"},
		"_\r\n":              {Kind: '_'},
		"$5\r\na\r\nbc\r\n":  {Kind: '$', Text: "a\r\nbc"},
		"$-1\r\n":            {Kind: '_'},
		"*-1\r\n":            {Kind: '_', Items: []Reply{}},
		"=5\r\ntxt:a\r\n":    {Kind: '=', Text: "txt:a"},
		"*1\r\n*1\r\n#t\r\n": {Kind: '*', Items: []Reply{{Kind: '*', Items: []Reply{{Kind: '#', Text: "t"}}}}},
		"%1\r\n+a\r\n:1\r\n": {Kind: '%', Items: []Reply{{Kind: '+', Text: "a"}, {Kind: ':', Text: "1"}}},
		">2\r\n+a\r\n_\r\n":  {Kind: '>', Items: []Reply{{Kind: '+', Text: "a"}, {Kind: '_'}}},
		"!5\r\nERR a\r\n":    {Kind: '!', Text: "ERR a"},
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
		v, err := read(text)
		if _, known := errors.AsType[redis.Error](v.Err()); err != nil || known != want {
			t.Errorf("%q: %v, %v", text, v.Err(), err)
		}
	}
}

func FuzzReadReply(f *testing.F) {
	f.Add(">2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nfoo\r\n")
	f.Add("%1\r\n+a\r\n=5\r\ntxt:a\r\n")
	f.Add("*1000000000\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := read(text)
		var size func(Reply) int
		size = func(v Reply) int {
			n := len(v.Text) + 1
			for _, item := range v.Items {
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
	const want = "*4\r\n$3\r\nSET\r\n$0\r\n\r\n$2\r\n\x00\n\r\n$3\r\n-12\r\n"
	if got := string(appendCommand(nil, "SET", "", []byte("\x00\n"), int64(-12))); got != want {
		t.Errorf("got %q", got)
	}
}

func TestField(t *testing.T) {
	const info = "# Server\r\nrun_id:abc\r\nother:x\r\n"
	if field(info, "run_id") != "abc" || field(info, "run") != "" {
		t.Error(field(info, "run_id"))
	}
}
