package codec

import (
	"bytes"
	"errors"
	"fmt"
)

var (
	errNotUTF8 = errors.New("codec: JSON cannot keep a string that is not valid UTF-8; make it a []byte")
	errSpace   = fmt.Errorf("%w: white space", errTrailing)
)

// encoding/json writes replaced for each byte that is not UTF-8. A
// replacement character that the string itself holds it writes as it is.
var replaced = []byte(`\ufffd`)

// scanJSON refuses data that nests too deep or ends in white space. In data
// freshly encoded it also looks for strings that were not valid UTF-8. Whether
// the data is JSON is for the decoder to find out.
func scanJSON(data []byte, fresh bool) error {
	if n := len(data); n > 0 && data[n-1] <= ' ' {
		return errSpace
	}
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '[', '{':
			if depth++; depth > MaxDepth {
				return errTooDeep
			}
		case ']', '}':
			depth--
		case '"':
			end := stringEnd(data, i+1)
			if fresh && hasReplaced(data[i:min(end, len(data))]) {
				return errNotUTF8
			}
			i = end
		}
	}
	return nil
}

// stringEnd returns where the string ends whose first byte is at i: the index
// of its closing quote, or the length of data if there is none.
func stringEnd(data []byte, i int) int {
	for ; i < len(data); i++ {
		switch data[i] {
		case '"':
			return i
		case '\\':
			i++
		}
	}
	return len(data)
}

// hasReplaced reports whether the encoded string s has the escape that stands
// for a byte that was not UTF-8.
func hasReplaced(s []byte) bool {
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 || i+1 == len(s) {
			return false
		}
		if bytes.HasPrefix(s[i:], replaced) {
			return true
		}
		s = s[i+2:]
	}
}
