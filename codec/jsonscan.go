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

// replaced is the escape that encoding/json writes for each byte that is not
// UTF-8. It writes a replacement character of the string itself without escape.
var replaced = []byte(`\ufffd`)

// scanJSON refuses data that nests too deep or ends in white space. If the data
// was encoded just now, it also refuses strings that were not valid UTF-8. It does
// not check that data is JSON, which the decoder does.
func scanJSON(data []byte, encoded bool) error {
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
			if encoded && hasReplaced(data[i:min(end, len(data))]) {
				return errNotUTF8
			}
			i = end
		}
	}
	return nil
}

// stringEnd returns the index of the closing quote of the string whose first byte
// is at i, or the length of data if there is none.
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

// hasReplaced reports whether the encoded string s has the escape for a byte that
// was not UTF-8.
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
