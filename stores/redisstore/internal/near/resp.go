package near

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	maxDepth = 8       // of values within values
	maxBulk  = 1 << 20 // bytes of a string
	maxRoom  = 1024    // values to make room for before they are there
)

// A Reply is a value in RESP3 that Redis replies or pushes.
type Reply struct {
	Kind  byte // the first byte: '+' and '$' are strings, ':' a number, '-' an error, '>' a push, '_' nothing
	Text  string
	Items []Reply
}

// Err returns the error that Redis replied, which is a [redis.Error], or nil.
func (v *Reply) Err() error {
	if v.Kind == '-' || v.Kind == '!' {
		return serverError(v.Text)
	}
	return nil
}

// Int returns the number that Redis replied, or zero.
func (v *Reply) Int() int64 {
	n, _ := strconv.ParseInt(v.Text, 10, 64)
	return n
}

type serverError string

func (e serverError) Error() string { return string(e) }

// RedisError marks the error as one that go-redis knows.
func (serverError) RedisError() {}

var errProtocol = errors.New("near: the server does not speak RESP3")

// readReply reads one value.
func readReply(r *bufio.Reader, depth int) (v Reply, err error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return v, err
	}
	if len(line) < 3 || line[len(line)-2] != '\r' || depth > maxDepth {
		return v, errProtocol
	}
	v.Kind, v.Text = line[0], string(line[1:len(line)-2])
	switch v.Kind {
	case '+', '-', ':', '_', '#', ',', '(':
		return v, nil
	case '$', '!', '=':
		return v, v.readText(r)
	case '*', '~', '>':
		return v, v.readItems(r, depth, 1)
	case '%':
		return v, v.readItems(r, depth, 2)
	}
	return v, fmt.Errorf("%w: a reply of kind %q", errProtocol, v.Kind)
}

// readText reads the string whose length is the value's text. RESP2's null is '_'.
func (v *Reply) readText(r *bufio.Reader) error {
	n, err := strconv.Atoi(v.Text)
	switch {
	case err != nil || n < -1 || n > maxBulk:
		return errProtocol
	case n == -1:
		v.Kind, v.Text = '_', ""
		return nil
	}
	data := make([]byte, n+2)
	if _, err := io.ReadFull(r, data); err != nil {
		return err
	}
	if v.Text = string(data[:n]); string(data[n:]) != "\r\n" {
		return errProtocol
	}
	return nil
}

// readItems reads an aggregate's values. The value's text is their number, or the number
// of their pairs.
func (v *Reply) readItems(r *bufio.Reader, depth, each int) error {
	n, err := strconv.Atoi(v.Text)
	switch {
	case err != nil || n < -1:
		return errProtocol
	case n == -1:
		v.Kind = '_'
	}
	v.Text = ""
	v.Items = make([]Reply, 0, min(max(n, 0)*each, maxRoom))
	for range each {
		for range n {
			item, err := readReply(r, depth+1)
			if err != nil {
				return err
			}
			v.Items = append(v.Items, item)
		}
	}
	return nil
}

// appendCommand appends a command as clients send it, of strings, byte slices and int64s.
func appendCommand(dst []byte, args ...any) []byte {
	dst = appendLength(dst, '*', len(args))
	for _, arg := range args {
		switch arg := arg.(type) {
		case string:
			dst = append(appendLength(dst, '$', len(arg)), arg...)
		case []byte:
			dst = append(appendLength(dst, '$', len(arg)), arg...)
		case int64:
			var digits [20]byte
			text := strconv.AppendInt(digits[:0], arg, 10)
			dst = append(appendLength(dst, '$', len(text)), text...)
		default:
			panic(fmt.Sprintf("near: an argument is a %T", arg))
		}
		dst = append(dst, '\r', '\n')
	}
	return dst
}

func appendLength(dst []byte, kind byte, n int) []byte {
	return append(strconv.AppendInt(append(dst, kind), int64(n), 10), '\r', '\n')
}

// field returns a field of the text that INFO replies.
func field(info, name string) string {
	for line := range strings.Lines(info) {
		if key, text, _ := strings.Cut(strings.TrimSpace(line), ":"); key == name {
			return text
		}
	}
	return ""
}
