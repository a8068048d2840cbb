package redisserver

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
)

// readCommand reads one command as clients send them, an array of strings. It
// returns the strings and the bytes.
func readCommand(r *bufio.Reader) (args []string, raw []byte, err error) {
	head, err := r.ReadSlice('\n')
	if err != nil {
		return nil, nil, err
	}
	raw = append(raw, head...)
	n, err := length(raw, '*')
	if err != nil {
		return nil, nil, err
	}
	for range n {
		start := len(raw)
		if raw, err = readValue(r, raw); err != nil {
			return nil, nil, err
		}
		value := raw[start:]
		size, err := length(value, '$')
		if err != nil {
			return nil, nil, err
		}
		args = append(args, string(value[len(value)-2-size:len(value)-2]))
	}
	return args, raw, nil
}

// readReply reads one reply, and the messages that the server pushed before it.
func readReply(r *bufio.Reader) (raw []byte, err error) {
	for {
		start := len(raw)
		if raw, err = readValue(r, raw); err != nil || raw[start] != '>' {
			return raw, err
		}
	}
}

// readValue appends the bytes of one value, in RESP2 or RESP3, to raw.
func readValue(r *bufio.Reader, raw []byte) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return raw, err
	}
	kind := line[0]
	raw = append(raw, line...)
	values := 0
	switch kind {
	case '+', '-', ':', '_', ',', '#', '(':
		return raw, nil
	case '$', '=', '!':
		n, err := length(line, kind)
		if err != nil || n < 0 {
			return raw, err
		}
		start := len(raw)
		raw = append(raw, make([]byte, n+2)...)
		_, err = io.ReadFull(r, raw[start:])
		return raw, err
	case '*', '~', '>':
		values, err = length(line, kind)
	case '%':
		values, err = length(line, kind)
		values *= 2
	case '|': // attributes, and then the value that has them
		values, err = length(line, kind)
		values = 2*values + 1
	default:
		err = fmt.Errorf("redisserver: a value begins with %q", kind)
	}
	for ; err == nil && values > 0; values-- {
		raw, err = readValue(r, raw)
	}
	return raw, err
}

// length returns the number in the first line of a value of this kind.
func length(value []byte, kind byte) (int, error) {
	for i, b := range value {
		if b == '\r' && value[0] == kind {
			return strconv.Atoi(string(value[1:i]))
		}
	}
	return 0, fmt.Errorf("redisserver: %.20q is no value of kind %q", value, kind)
}
