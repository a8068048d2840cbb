package redisstore_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/redisstore"
)

// A tlsServer speaks TLS, with a certificate that nobody signed, and notes the names
// by which it is called. It answers each command with an error.
type tlsServer struct {
	net.Listener
	mu    sync.Mutex
	names []string
}

func startTLS(t *testing.T, answer string) *tlsServer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	s := new(tlsServer)
	s.Listener, err = tls.Listen("tcp", "localhost:0", &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: key}},
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.names = append(s.names, hello.ServerName)
			return nil, nil
		},
	})
	must(t, err)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := s.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer conn.Close()
				buf := make([]byte, 4096)
				for {
					if _, err := conn.Read(buf); err != nil {
						return
					}
					for range strings.Count(string(buf), "*") {
						io.WriteString(conn, answer)
					}
				}
			})
		}
	})
	t.Cleanup(func() {
		s.Close()
		running.Wait()
	})
	return s
}

func (s *tlsServer) port() string {
	_, port, _ := net.SplitHostPort(s.Addr().String())
	return port
}

// A certificate is checked against the name of its server, which is not the URL's host
// for most servers of a cluster, and for the one that Sentinel names.
func TestEachServersCertificateIsForItsOwnName(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"rediss+cluster://%/?addr=", "rediss+sentinel://%/?master_name=m&addr="} {
		server := startTLS(t, "-ERR no\r\n")
		url := strings.Replace(scheme, "%", "127.0.0.1:"+server.port(), 1) + "localhost:" + server.port()
		client, err := redisstore.NewClient(url)
		must(t, err)
		defer client.Close()
		eventually(t, "the other address is dialled", func() bool {
			client.Ping(t.Context())
			server.mu.Lock()
			defer server.mu.Unlock()
			return slices.Contains(server.names, "localhost") // no name is sent for an IP address
		})
	}
}

// To do without TLS is advice for a server that does not speak it, and for nobody else.
func TestAdviceToDoWithoutTLS(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer silent.Close()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer plain.Close()
	go func() {
		for {
			conn, err := plain.Accept()
			if err != nil {
				return
			}
			io.WriteString(conn, "-ERR Protocol error\r\n")
			conn.Close()
		}
	}()
	denied := startTLS(t, "-WRONGPASS invalid username-password pair or user is disabled.\r\n")
	for name, test := range map[string]struct {
		url  string
		want bool
	}{
		"no answer":       {"rediss://:hunter2@" + silent.Addr().String() + "?dial_timeout=50ms", true},
		"not TLS":         {"rediss://:hunter2@" + plain.Addr().String(), true},
		"bad certificate": {"rediss://:hunter2@localhost:" + denied.port(), false},
		"wrong password":  {"rediss://:hunter2@localhost:" + denied.port() + "?skip_verify=true", false},
		"no server":       {"rediss://:hunter2@127.0.0.1:1", false},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			_, err := redisstore.Open(ctx, test.url, "carts", codec.JSON[cart](), quiet)
			if !errors.Is(err, session.ErrUnavailable) {
				t.Fatalf("got error %v", err)
			}
			if got := strings.Contains(err.Error(), "use redis instead of rediss"); got != test.want {
				t.Errorf("got error %v, advice is %v, want %v", err, got, test.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

// What stands before a colon may be a password.
func TestErrorsShowNoPassword(t *testing.T) {
	for _, url := range []string{"hunter2:6379", "hunter2:anna@host", "anna:hunter2@host:6379", "host=db password=hunter2", "hunter2:x://host", "redis://:hunter2@", "redis+sentinel://:hunter2@host"} {
		if _, err := redisstore.NewClient(url); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got error %v", url, err)
		}
	}
	if _, err := redisstore.NewClient("reddis://host"); err == nil || !strings.Contains(err.Error(), `unknown scheme "reddis"`) {
		t.Errorf("got error %v", err)
	}
}
