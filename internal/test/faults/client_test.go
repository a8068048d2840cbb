package faults_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/internal/test/redisserver"
)

// A request is carried out and saved, also if its client does not wait for the response.
func TestClientGone(t *testing.T) {
	t.Parallel()
	s := newSite(t, redisserver.Start(t).URL(), nil, nil)
	working, ended := make(chan bool), make(chan bool)
	s.handle("/work", func(r *http.Request, b *sessions.Session[basket]) {
		working <- true
		<-r.Context().Done() // the server has seen that the client is gone
		switch r.FormValue("then") {
		case "add":
			add(b, "second")
		case "login":
			b.Update(func(v *basket) { v.Customer = "ada" })
		case "logout":
			b.Destroy()
		}
	})
	handler := s.Handler(s.mux)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { ended <- true }()
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)

	for name, leave := range map[string]func(*net.TCPConn){
		"closes": func(*net.TCPConn) {},
		"resets": func(c *net.TCPConn) { c.SetLinger(0) },
	} {
		for _, then := range []string{"add", "login", "logout"} {
			cookie := s.visitor(t)
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			must(t, err)
			fmt.Fprintf(conn, "GET /work?then=%s HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\n\r\n", then, cookie)
			<-working
			leave(conn.(*net.TCPConn))
			conn.Close()
			<-ended
			held, ok := s.value(t, cookie)
			switch then {
			case "add":
				if fmt.Sprint(held) != "{ [first second]}" {
					t.Errorf("%s, add: the session holds %v", name, held)
				}
			case "login": // the client would never learn the new token
				if !ok {
					t.Errorf("%s, login: the old token does not work", name)
				}
				if n, err := s.RevokeAll(t.Context(), "ada", ""); n != 0 || err != nil {
					t.Errorf("%s, login: ada had %d sessions, error %v", name, n, err)
				}
			case "logout":
				if ok {
					t.Errorf("%s, logout: the session is there", name)
				}
			}
		}
	}
}

// A client that goes in the middle of a response does not take with it what was
// changed after the first byte.
func TestClientGoneInTheMiddle(t *testing.T) {
	t.Parallel()
	s := newSite(t, redisserver.Start(t).URL(), nil, nil)
	ended := make(chan bool)
	s.mux.Handle("/stream", sessions.Handle(func(w http.ResponseWriter, r *http.Request, b *sessions.Session[basket]) {
		add(b, "second")
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
		add(b, "third")
	}))
	handler := s.Handler(s.mux)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	cookie := s.visitor(t)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	must(t, err)
	fmt.Fprintf(conn, "GET /stream HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\n\r\n", cookie)
	conn.SetReadDeadline(time.Now().Add(patience))
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || line != "HTTP/1.1 200 OK\r\n" {
		t.Fatalf("%q, error %v", line, err)
	}
	conn.Close()
	<-ended
	if held, _ := s.value(t, cookie); fmt.Sprint(held) != "{ [first second third]}" {
		t.Errorf("the session holds %v", held)
	}
}
