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
	m.forward(&server, bufio.NewReader(strings.NewReader(stream)), splitRedis())
	if server.String() != stream || m.Read().Commands != 2 {
		t.Errorf("%d commands, passed on: %q", m.Read().Commands, server.String())
	}
}

func FuzzSplitPostgres(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x05aB\x00\x00\x00\x05bE\x00\x00\x00\x04S\x00\x00\x00\x04Q\x00\x00\x00\x05c"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		var m Meter
		var server strings.Builder
		m.forward(&server, bufio.NewReader(bytes.NewReader(stream)), splitPostgres())
		if !strings.HasPrefix(string(stream), server.String()) {
			t.Errorf("%q was passed on as %q", stream, server.String())
		}
	})
}

// The statements of PostgreSQL are counted, and the messages beside them are not.
func TestForwardPostgres(t *testing.T) {
	const stream = "\x00\x00\x00\x05E" + "B\x00\x00\x00\x05b" + "E\x00\x00\x00\x04" + "S\x00\x00\x00\x04" + "Q\x00\x00\x00\x05Q"
	var m Meter
	var server strings.Builder
	m.forward(&server, bufio.NewReader(strings.NewReader(stream)), splitPostgres())
	if server.String() != stream || m.Read().Commands != 2 {
		t.Errorf("%d commands, passed on: %q", m.Read().Commands, server.String())
	}
}
