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

// A value is a reply or a push in RESP3.
type value struct {
	kind  byte // of the first byte: '+' and '$' are strings, '-' is an error, '>' a push, '_' nothing
	text  string
	items []value
}

// err returns an error that Redis replied.
func (v *value) err() error {
	if v.kind == '-' || v.kind == '!' {
		return errors.New(v.text)
	}
	return nil
}

var errProtocol = errors.New("near: the server does not speak RESP3")

// readValue reads one value.
func readValue(r *bufio.Reader, depth int) (v value, err error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return v, err
	}
	if len(line) < 3 || line[len(line)-2] != '\r' || depth > maxDepth {
		return v, errProtocol
	}
	v.kind, v.text = line[0], string(line[1:len(line)-2])
	switch v.kind {
	case '+', '-', ':', '_', '#', ',', '(':
		return v, nil
	case '$', '!', '=':
		return v, v.readText(r)
	case '*', '~', '>':
		return v, v.readItems(r, depth, 1)
	case '%':
		return v, v.readItems(r, depth, 2)
	}
	return v, fmt.Errorf("%w: a value of kind %q", errProtocol, v.kind)
}

// readText reads the string whose length is the value's text. RESP2's null is '_'.
func (v *value) readText(r *bufio.Reader) error {
	n, err := strconv.Atoi(v.text)
	switch {
	case err != nil || n < -1 || n > maxBulk:
		return errProtocol
	case n == -1:
		v.kind, v.text = '_', ""
		return nil
	}
	data := make([]byte, n+2)
	if _, err := io.ReadFull(r, data); err != nil {
		return err
	}
	if v.text = string(data[:n]); string(data[n:]) != "\r\n" {
		return errProtocol
	}
	return nil
}

// readItems reads the values whose number, or that of their pairs, is the value's text.
func (v *value) readItems(r *bufio.Reader, depth, each int) error {
	n, err := strconv.Atoi(v.text)
	switch {
	case err != nil || n < -1:
		return errProtocol
	case n == -1:
		v.kind = '_'
	}
	v.text = ""
	v.items = make([]value, 0, min(max(n, 0)*each, maxRoom))
	for range each {
		for range n {
			item, err := readValue(r, depth+1)
			if err != nil {
				return err
			}
			v.items = append(v.items, item)
		}
	}
	return nil
}

// appendCommand appends a command as clients send it.
func appendCommand(dst []byte, args ...string) []byte {
	dst = fmt.Appendf(dst, "*%d\r\n", len(args))
	for _, arg := range args {
		dst = fmt.Appendf(dst, "$%d\r\n%s\r\n", len(arg), arg)
	}
	return dst
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
