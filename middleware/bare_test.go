package middleware_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/middleware"
)

// A call is one use of a response writer by a handler. It returns what the handler
// sees of it.
type call struct {
	name string
	do   func(w http.ResponseWriter, r *http.Request) string
}

// saw describes the results of a write.
func saw[N int | int64](n N, err error) string { return fmt.Sprint(n, " ", err != nil) }

func silent(do func(w http.ResponseWriter, r *http.Request)) func(http.ResponseWriter, *http.Request) string {
	return func(w http.ResponseWriter, r *http.Request) string { do(w, r); return "" }
}

func setHeader(name, value string) call {
	return call{name + ": " + value, silent(func(w http.ResponseWriter, r *http.Request) { w.Header().Set(name, value) })}
}

func writeHeader(status int) call {
	return call{fmt.Sprint("WriteHeader ", status), silent(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) })}
}

// page is a whole response, for a handler that has not declared the length of another.
func page(name string, h http.HandlerFunc) call {
	return call{name, silent(func(w http.ResponseWriter, r *http.Request) {
		if w.Header().Get("Content-Length") == "" {
			h(w, r)
		}
	})}
}

// control calls a method of the http.ResponseController.
func control(name string, do func(rc *http.ResponseController) error) call {
	return call{name, func(w http.ResponseWriter, r *http.Request) string {
		return fmt.Sprint(do(http.NewResponseController(w)))
	}}
}

// calls are the whole surface of a response writer.
var calls = []call{
	writeHeader(103), writeHeader(200), writeHeader(201), writeHeader(204), writeHeader(304), writeHeader(404), writeHeader(500),
	setHeader("X-Own", "1"), setHeader("X-Own", "2"), setHeader("Content-Length", "0"), setHeader("Content-Length", "6"),
	setHeader("Content-Length", "x"), setHeader("Content-Type", "text/x-own"), setHeader("Trailer", "X-Sum"), setHeader("X-Sum", "7"),
	setHeader(http.TrailerPrefix+"X-Late", "8"), setHeader("Connection", "close"), setHeader("Cache-Control", "max-age=60"), setHeader("Etag", `"x"`),
	{"Del", silent(func(w http.ResponseWriter, r *http.Request) { w.Header().Del("X-Own") })},
	{"Header", func(w http.ResponseWriter, r *http.Request) string {
		return fmt.Sprint(w.Header().Get("X-Own"), w.Header().Get("Etag"))
	}},
	{"Write", func(w http.ResponseWriter, r *http.Request) string { return saw(w.Write([]byte("abc"))) }},
	{"Write one", func(w http.ResponseWriter, r *http.Request) string { return saw(w.Write([]byte("a"))) }},
	{"Write nothing", func(w http.ResponseWriter, r *http.Request) string { return saw(w.Write(nil)) }},
	{"Write much", func(w http.ResponseWriter, r *http.Request) string {
		return saw(w.Write(bytes.Repeat([]byte("<p>"), 3000)))
	}},
	{"WriteString", func(w http.ResponseWriter, r *http.Request) string { return saw(io.WriteString(w, "def")) }},
	{"ReadFrom", func(w http.ResponseWriter, r *http.Request) string {
		rf, ok := w.(io.ReaderFrom)
		if !ok || declares(w) { // net/http's ReadFrom sends more than was declared
			return saw(w.Write([]byte("ghi")))
		}
		return saw(rf.ReadFrom(struct{ io.Reader }{strings.NewReader("ghi")}))
	}},
	{"CopyN", func(w http.ResponseWriter, r *http.Request) string {
		if declares(w) {
			return ""
		}
		return saw(io.CopyN(w, strings.NewReader("jklmno"), 3))
	}},
	{"Flush", silent(func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush() })},
	control("FlushError", func(rc *http.ResponseController) error { rc.Flush(); return nil }), // over HTTP/2, an ended stream fails
	control("SetReadDeadline", func(rc *http.ResponseController) error { return rc.SetReadDeadline(time.Now().Add(time.Hour)) }),
	control("SetWriteDeadline", func(rc *http.ResponseController) error { return rc.SetWriteDeadline(time.Now().Add(time.Hour)) }),
	control("EnableFullDuplex", func(rc *http.ResponseController) error { return rc.EnableFullDuplex() }),
	{"CloseNotify", func(w http.ResponseWriter, r *http.Request) string {
		n, ok := w.(interface{ CloseNotify() <-chan bool })
		if !ok {
			return "none"
		}
		select {
		case <-n.CloseNotify():
			return "closed"
		default:
			return "open"
		}
	}},
	{"Push", func(w http.ResponseWriter, r *http.Request) string {
		p, ok := w.(http.Pusher)
		if !ok {
			return "none"
		}
		return fmt.Sprint(p.Push("/style.css", nil))
	}},
	{"read the body", func(w http.ResponseWriter, r *http.Request) string {
		body, err := io.ReadAll(r.Body)
		return fmt.Sprint(string(body), err)
	}},
	{"read too much", func(w http.ResponseWriter, r *http.Request) string {
		_, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, 2)) // see TestATooLargeRequestClosesTheConnection
		return fmt.Sprint(err != nil)
	}},
	page("http.Error", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusTeapot) }),
	page("http.Redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusSeeOther) }),
	page("http.NotFound", http.NotFound),
	page("http.ServeContent", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "x.txt", time.Unix(1e9, 0), strings.NewReader("content"))
	}),
	{"a cookie", silent(func(w http.ResponseWriter, r *http.Request) { http.SetCookie(w, &http.Cookie{Name: "x", Value: "y"}) })},
	{"the request", func(w http.ResponseWriter, r *http.Request) string {
		return fmt.Sprint(r.Method, r.URL, r.Proto, r.Host, r.Pattern, r.ContentLength, r.FormValue("q"))
	}},
}

// endings are what a handler does last.
var endings = []call{
	{"return", silent(func(http.ResponseWriter, *http.Request) {})},
	{"panic", silent(func(http.ResponseWriter, *http.Request) { panic("oops") })},
	{"abort", silent(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })},
	writeHeader(0), writeHeader(1000),
	{"Hijack", func(w http.ResponseWriter, r *http.Request) string {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return fmt.Sprint(errors.Is(err, http.ErrNotSupported))
		}
		defer conn.Close()
		rw.WriteString("HTTP/1.1 299 Mine\r\nConnection: close\r\n\r\nhijacked")
		rw.Flush()
		_, err = w.Write([]byte("x"))
		return fmt.Sprint(err)
	}},
}

func declares(w http.ResponseWriter) bool { return w.Header().Get("Content-Length") != "" }

// A speaker makes a request and returns all that a client gets.
type speaker struct {
	name   string
	server func(http.Handler) *httptest.Server
	ask    func(t *testing.T, s *httptest.Server, method, target, cookie string) string
}

func rawly(version string) func(*testing.T, *httptest.Server, string, string, string) string {
	return func(t *testing.T, s *httptest.Server, method, target, cookie string) string {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "%s %s HTTP/%s\r\nHost: example.com\r\nConnection: close\r\nCookie: %s\r\nContent-Length: 4\r\n\r\nbody", method, target, version, cookie)
		all, _ := io.ReadAll(conn)
		return string(all)
	}
}

func overHTTP2(t *testing.T, s *httptest.Server, method, target, cookie string) string {
	r, err := http.NewRequest(method, s.URL+target, strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "example.com"
	r.Header.Set("Cookie", cookie)
	res, err := s.Client().Transport.RoundTrip(r)
	if err != nil {
		return "broken"
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	var out bytes.Buffer
	fmt.Fprintln(&out, res.Status, err != nil)
	res.Header.Write(&out)
	res.Trailer.Write(&out)
	if err == nil { // else how much arrives before the end of the stream is a matter of time
		out.Write(body)
	}
	return out.String()
}

var speakers = []speaker{
	{"HTTP/1.0", httptest.NewUnstartedServer, rawly("1.0")},
	{"HTTP/1.1", httptest.NewUnstartedServer, rawly("1.1")},
	{"HTTP/2", func(h http.Handler) *httptest.Server {
		s := httptest.NewUnstartedServer(h)
		s.EnableHTTP2 = true
		return s
	}, overHTTP2},
}

// uses are what handlers do with their session. None changes a response, but for the
// headers of a response that depends on the session.
var uses = map[string]struct {
	options       *middleware.Options
	before, after func(r *http.Request) error
}{
	"no use":    {nil, nothing, nothing},
	"a change":  {nil, change, nothing},
	"changes":   {nil, change, change},
	"held back": {&middleware.Options{HoldBack: 20}, change, change},
}

func nothing(*http.Request) error { return nil }

func change(r *http.Request) error {
	s, err := middleware.Get[cart](r)
	if err == nil {
		add(s)
	}
	return err
}

// ownHeaders are those that the manager adds to a response that depends on a session,
// and the server's date.
var ownHeaders = regexp.MustCompile(`(?m)^(Vary: Cookie|Cache-Control: private|Date: .*)\r\n`)

// framing is how a body is delimited, which depends on when it is sent.
var framing = regexp.MustCompile(`(?m)^(Content-Length: \d+|Transfer-Encoding: chunked|Connection: close)\r\n`)

// A handler within the manager's is, for its client and for itself, what it is alone:
// byte for byte, over each version of HTTP, for each call and for random sequences.
func TestAResponseIsThatOfTheBareHandler(t *testing.T) {
	t.Parallel()
	random := 60
	if os.Getenv("SESSIONS_EXHAUSTIVE") != "" {
		random = 2_000
	}
	for _, speaker := range speakers {
		for use, test := range uses {
			t.Run(speaker.name+"/"+use, func(t *testing.T) {
				t.Parallel()
				todo, seen := make(chan []call, 1), make(chan []string, 1)
				handle := func(w http.ResponseWriter, r *http.Request) {
					var transcript []string
					defer func() { seen <- transcript }()
					for _, c := range <-todo {
						transcript = append(transcript, c.name+": "+c.do(w, r))
					}
				}
				mux := http.NewServeMux()
				mux.HandleFunc("/p/{x}", handle)
				a := newApp(t, newStore(), test.options)
				a.mux.HandleFunc("/p/{x}", func(w http.ResponseWriter, r *http.Request) {
					if err := test.before(r); err != nil {
						t.Error(err)
					}
					handle(w, r)
					if err := test.after(r); err != nil {
						t.Error(err)
					}
				})
				started := func(h http.Handler) *httptest.Server {
					s := speaker.server(h)
					s.Config.ErrorLog = log.New(io.Discard, "", 0)
					if s.EnableHTTP2 {
						s.StartTLS()
					} else {
						s.Start()
					}
					t.Cleanup(s.Close)
					return s
				}
				bare, managed := started(mux), started(a.Handler(a.mux))
				cookie := a.visit(t, cart{Items: 1})
				compare := func(method string, calls ...call) {
					t.Helper()
					if use != "no use" && has(calls, "Content-Length: x") { // which net/http deletes when it begins
						return
					}
					if speaker.name == "HTTP/2" && overflows(calls) { // net/http ends the stream, sooner or later
						return
					}
					ask := func(s *httptest.Server) (response string, transcript []string) {
						todo <- calls
						response = speaker.ask(t, s, method, "/p/1?q=2", cookie)
						return ownHeaders.ReplaceAllString(response, ""), <-seen
					}
					want, wantSeen := ask(bare)
					got, gotSeen := ask(managed)
					if use == "held back" {
						want, got = unframed(want), unframed(got)
						wantSeen, gotSeen = nil, nil // of writes that come later than they seem
					}
					if use != "no use" && speaker.name == "HTTP/2" && (method == "HEAD" || has(calls, "Write nothing")) {
						wantSeen, gotSeen = nil, nil // the stream has ended for the bare handler
					}
					if diff := cmp.Diff(want, got) + cmp.Diff(wantSeen, gotSeen); diff != "" {
						names := make([]string, len(calls))
						for i, c := range calls {
							names[i] = c.name
						}
						t.Errorf("%s, %q: bare (-), managed (+):\n%s", method, names, diff)
					}
				}
				methods := []string{"GET", "HEAD", "POST"}
				for _, c := range calls {
					for _, method := range methods {
						compare(method, c)
						if use == "no use" {
							compare(method, c, c)
						}
					}
				}
				for _, names := range [][]string{
					{"WriteHeader 404", "Content-Length: 0", "Write much"}, {"http.ServeContent", "WriteString"},
				} {
					var sequence []call
					for _, name := range names {
						sequence = append(sequence, calls[slices.IndexFunc(calls, func(c call) bool { return c.name == name })])
					}
					compare("GET", sequence...)
				}
				rnd := rand.New(rand.NewPCG(1, 2))
				for range random {
					sequence := make([]call, 1+rnd.IntN(6))
					for i := range sequence {
						sequence[i] = calls[rnd.IntN(len(calls))]
					}
					if use == "no use" { // how a handler that fails ends its response is told elsewhere
						sequence = append(sequence, endings[rnd.IntN(len(endings))])
					}
					compare(methods[rnd.IntN(len(methods))], slices.Clone(sequence)...)
				}
			})
		}
	}
}

func has(calls []call, name string) bool {
	return slices.ContainsFunc(calls, func(c call) bool { return c.name == name })
}

// overflows reports whether the calls may write more than they declare.
func overflows(calls []call) bool {
	size, declared := 0, 9000
	sizes := map[string]int{"Write": 3, "Write one": 1, "Write much": 9000, "WriteString": 3, "ReadFrom": 3, "CopyN": 3,
		"http.ServeContent": 7, "http.Error": 3, "http.Redirect": 100, "http.NotFound": 19}
	for _, c := range calls {
		size += sizes[c.name]
		switch c.name {
		case "Content-Length: 0":
			declared = 0
		case "Content-Length: 6":
			declared = min(declared, 6)
		case "http.ServeContent":
			declared = min(declared, 7)
		}
	}
	return declared < 9000 && size > declared
}

// unframed returns a response without what depends on when its body is sent.
func unframed(response string) string {
	head, body, _ := strings.Cut(response, "\r\n\r\n")
	if strings.Contains(head, "Transfer-Encoding: chunked") {
		if plain, err := io.ReadAll(httputil.NewChunkedReader(strings.NewReader(body))); err == nil {
			body = string(plain)
		}
	}
	return framing.ReplaceAllString(head+"\r\n", "") + "\r\n" + body
}
