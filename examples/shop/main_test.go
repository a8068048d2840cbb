package main

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
)

func TestRunRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	tests := []struct{ addr, variable, want string }{
		{taken.Addr().String(), "", "in use by another program"},
		{"nowhere", "", "missing port"},
		{"127.0.0.1:0", "SESSIONS_STORE=floppy:", "SESSIONS_STORE: stores: unknown session store"},
		{"127.0.0.1:0", "SESSIONS_LIFETIME=soon", "SESSIONS_LIFETIME"},
		{"127.0.0.1:0", "SESSIONS_SECRET=guess", "SESSIONS_SECRET: 5 bytes"},
		{"127.0.0.1:0", "SESSIONS_IDLE_TIMEOUT=401d", "SESSIONS_IDLE_TIMEOUT: 401d"},
		{"127.0.0.1:0", "SESSIONS_SECRT=red", "SESSIONS_SECRET is meant"},
	}
	closed, cancel := context.WithCancel(t.Context()) // for a shop that opens after all
	cancel()
	for _, test := range tests {
		err := run(closed, test.addr, []string{test.variable})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

func TestServeLetsRequestsEnd(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stop()
		<-ctx.Done()
		w.WriteHeader(http.StatusTeapot)
	})
	served := make(chan error, 1)
	go func() { served <- serve(ctx, listener, handler) }()
	resp, err := http.Get(openAt("localhost:0", listener))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusTeapot {
		t.Errorf("status %d", resp.StatusCode)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestOpenAt(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	for addr, want := range map[string]string{
		":0":          "http://localhost:" + port,
		"localhost:0": "http://localhost:" + port,
		"[::1]:0":     "http://[::1]:" + port,
	} {
		if got := openAt(addr, listener); got != want {
			t.Errorf("%s: %s, not %s", addr, got, want)
		}
	}
}
