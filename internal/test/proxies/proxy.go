package proxies

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A Kind is a proxy with a configuration.
type Kind struct {
	Name     string
	HasCache bool
	command  func(dir string) []string // to run in dir, where the configuration is
	files    map[string]string         // by name; LISTEN, PORT and SERVER stand for addresses, DIR for dir
}

// A Proxy is a running proxy in front of a handler.
type Proxy struct {
	URL  string
	cert *x509.Certificate
}

// patience bounds how long a proxy may take to start.
const patience = 2 * time.Minute

// Start starts a proxy in front of a handler. Both end with the test. It skips the
// test if the proxy is not installed; with SESSIONS_REQUIRE_PROXIES=1 the test fails.
func (k Kind) Start(tb testing.TB, h http.Handler) *Proxy {
	tb.Helper()
	program := k.command("")[0]
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("SESSIONS_REQUIRE_PROXIES") == "1" {
			tb.Fatalf("proxies: %v", err)
		}
		tb.Skipf("proxies: %v; install Debian's package %s", err, program)
	}
	server := httptest.NewServer(h)
	tb.Cleanup(server.Close)
	cert, pem := newCertificate(tb)
	for range 5 { // another program may take the port in between
		if p := k.launch(tb, strings.TrimPrefix(server.URL, "http://"), pem); p != nil {
			p.cert = cert
			return p
		}
	}
	tb.Fatalf("proxies: %s does not start", k.Name)
	return nil
}

// launch returns nil if the program could not have its port.
func (k Kind) launch(tb testing.TB, server string, pem []byte) *Proxy {
	tb.Helper()
	dir := tb.TempDir()
	listen := freeAddress(tb)
	_, port, _ := net.SplitHostPort(listen)
	words := strings.NewReplacer("LISTEN", listen, "PORT", port, "SERVER", server, "DIR", dir)
	files := map[string]string{"cert.pem": string(pem)}
	for name, text := range k.files {
		files[name] = words.Replace(text)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	args := k.command(dir)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir)
	var log logBuffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		select {
		case <-ended:
			tb.Logf("proxies: %s has ended:\n%s", k.Name, log.String())
			return nil
		default:
		}
		if conn, err := net.Dial("tcp", listen); err == nil {
			conn.Close()
			tb.Cleanup(func() {
				cmd.Process.Signal(syscall.SIGTERM)
				<-ended
				if tb.Failed() {
					tb.Logf("proxies: %s:\n%s", k.Name, log.String())
				}
			})
			return &Proxy{URL: "https://localhost:" + port}
		}
	}
	cmd.Process.Kill()
	<-ended
	tb.Fatalf("proxies: %s does not listen:\n%s", k.Name, log.String())
	return nil
}

// A logBuffer keeps a program's output.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func freeAddress(tb testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Transport returns a client's connections to the proxy, by HTTP/2 or HTTP/1.1. It
// asks for no compression of its own accord.
func (p *Proxy) Transport(tb testing.TB, http2 bool) *http.Transport {
	roots := x509.NewCertPool()
	roots.AddCert(p.cert)
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!http2)
	protocols.SetHTTP2(http2)
	t := &http.Transport{
		TLSClientConfig:    &tls.Config{RootCAs: roots},
		Protocols:          protocols,
		DisableCompression: true,
	}
	tb.Cleanup(t.CloseIdleConnections)
	return t
}
