package bench

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
)

func FuzzAppendCommand(f *testing.F) {
	f.Add([]byte("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n"))
	f.Add([]byte("*1\r\n$-1\r\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := bufio.NewReader(bytes.NewReader(stream))
		command, err := appendCommand(nil, r)
		if err == nil && !bytes.HasPrefix(stream, command) {
			t.Errorf("%q was read as %q", stream, command)
		}
	})
}

func TestForward(t *testing.T) {
	const stream = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n"
	var m Meter
	var server strings.Builder
	m.forward(&server, bufio.NewReader(strings.NewReader(stream)))
	if server.String() != stream || m.Read().Commands != 2 {
		t.Errorf("%d commands, passed on: %q", m.Read().Commands, server.String())
	}
}
