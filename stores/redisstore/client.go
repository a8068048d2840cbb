package redisstore

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// The bounds of a client of [NewClient], unless its URL says otherwise. A request
// waits for its session: if it cannot be had soon, refusing is better.
const (
	dialTimeout = 2 * time.Second
	ioTimeout   = time.Second
	poolTimeout = 2 * time.Second
	maxRetries  = 2
	minBackoff  = 8 * time.Millisecond
	maxBackoff  = 64 * time.Millisecond
)

// schemes are the known URL schemes, each with a function that makes the client. The
// functions themselves know the schemes redis and rediss only.
var schemes = map[string]struct {
	scheme string
	client func(*url.URL) (redis.UniversalClient, error)
}{
	"redis":           {"redis", single},
	"rediss":          {"rediss", single},
	"redis+cluster":   {"redis", cluster},
	"rediss+cluster":  {"rediss", cluster},
	"redis+sentinel":  {"redis", sentinel},
	"rediss+sentinel": {"rediss", sentinel},
}

// schemeNames lists the schemes in the order in which errors name them.
var schemeNames = []string{"redis", "rediss", "redis+cluster", "rediss+cluster", "redis+sentinel", "rediss+sentinel"}

// NewClient makes a client that keeps the deadlines of contexts. It waits at most a
// second for an answer, and tries a command at most three times, in a cluster four.
// It does not connect yet. The caller must close it. URLs are
//
//	redis://user:password@host:6379/0           one server
//	redis+cluster://user:password@host:6379     a cluster; ?addr=host:port adds another node to ask
//	redis+sentinel://host:26379?master_name=m   the master that Sentinel names; ?addr= as above,
//	                                            ?username= and ?password= are for the master
//
// and the same with rediss for TLS. All query parameters of go-redis are taken
// here too, and have the last word: see [redis.ParseURL],
// [redis.ParseClusterURL] and [redis.ParseFailoverURL].
//
// Errors do not show passwords.
func NewClient(rawURL string) (redis.UniversalClient, error) {
	u, err := parse(rawURL)
	if err != nil {
		return nil, err
	}
	kind, known := schemes[u.Scheme]
	if !known {
		return nil, fmt.Errorf("redisstore: unknown scheme%s; there are %s", named(u, rawURL), strings.Join(schemeNames, ", "))
	}
	if u.Hostname() == "" {
		return nil, fmt.Errorf("redisstore: %s:// needs a host", u.Scheme)
	}
	if strings.HasSuffix(u.Scheme, "+cluster") && strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("redisstore: %s:// takes no database: a cluster has only one", u.Scheme)
	}
	plain := *u
	plain.Scheme = kind.scheme
	client, err := kind.client(&plain)
	if err != nil {
		return nil, fmt.Errorf("redisstore: %s://: %s", u.Scheme, redact(err.Error(), u))
	}
	return client, nil
}

// named returns the scheme for an error. The text before a colon without slashes may be a
// password.
func named(u *url.URL, rawURL string) string {
	if u.Scheme == "" || !strings.Contains(rawURL, "://") || strings.Contains(rawURL[:strings.Index(rawURL, "://")], ":") {
		return ""
	}
	return fmt.Sprintf(" %q", u.Scheme)
}

// parse parses a URL. No error shows a part of it, which may belong to a password:
// one that is not percent-encoded can look like a port, a path or a query.
func parse(rawURL string) (*url.URL, error) {
	const encode = "a password must be percent-encoded: %2F for /, %3F for ?, %23 for # and %40 for @"
	u, err := url.Parse(rawURL)
	switch {
	case err != nil && strings.Contains(err.Error(), "invalid port"):
		return nil, errors.New("redisstore: the server's port is not a number; " + encode)
	case err != nil:
		return nil, errors.New("redisstore: the server's address is not a valid URL; " + encode)
	}
	_, address, _ := strings.Cut(rawURL, "//")
	if end := strings.IndexAny(address, "/?#"); end >= 0 && strings.Contains(address[end:], "@") {
		return nil, errors.New("redisstore: the server's address has an @ after the host; " + encode)
	}
	return u, nil
}

func single(u *url.URL) (redis.UniversalClient, error) {
	o, err := redis.ParseURL(u.String())
	if err != nil {
		return nil, err
	}
	o.ContextTimeoutEnabled = true
	o.DialerRetries = 1
	retries(u, &o.MaxRetries)
	bound(&o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout, &o.MinRetryBackoff, &o.MaxRetryBackoff)
	return redis.NewClient(o), nil
}

// cluster leaves retries to the client's redirects: with both, each would be
// made as often as the other allows.
func cluster(u *url.URL) (redis.UniversalClient, error) {
	o, err := redis.ParseClusterURL(u.String())
	if err != nil {
		return nil, err
	}
	o.ContextTimeoutEnabled = true
	ownNames(o.TLSConfig)
	o.DialerRetries = max(1, o.DialerRetries)
	bound(&o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout, &o.MinRetryBackoff, &o.MaxRetryBackoff)
	return redis.NewClusterClient(o), nil
}

func sentinel(u *url.URL) (redis.UniversalClient, error) {
	o, err := redis.ParseFailoverURL(u.String())
	if err != nil {
		return nil, err
	}
	if o.MasterName == "" {
		return nil, errors.New("needs ?master_name=")
	}
	if !u.Query().Has("context_timeout_enabled") {
		o.ContextTimeoutEnabled = true
	}
	ownNames(o.TLSConfig)
	o.DialerRetries = max(1, o.DialerRetries)
	retries(u, &o.MaxRetries)
	bound(&o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout, &o.MinRetryBackoff, &o.MaxRetryBackoff)
	if o.RouteByLatency || o.RouteRandomly {
		return redis.NewFailoverClusterClient(o), nil
	}
	return redis.NewFailoverClient(o), nil
}

// ownNames has each server's certificate checked against the name by which the server is
// dialled. Otherwise all servers would need a certificate for the URL's host.
func ownNames(c *tls.Config) {
	if c != nil {
		c.ServerName = ""
	}
}

// retries sets the number of retries, unless the URL does.
func retries(u *url.URL, field *int) {
	if !u.Query().Has("max_retries") {
		*field = maxRetries
	}
}

// bound sets the times that the URL leaves open.
func bound(dial, read, write, pool, backoff, backoffEnd *time.Duration) {
	set := func(field *time.Duration, to time.Duration) {
		if *field == 0 {
			*field = to
		}
	}
	set(dial, dialTimeout)
	set(read, ioTimeout)
	set(write, ioTimeout)
	set(pool, poolTimeout)
	set(backoff, minBackoff)
	set(backoffEnd, maxBackoff)
}

// redact takes the URL's passwords out of a text, and the user name where it is a
// word of its own: some people put the password there.
func redact(text string, u *url.URL) string {
	if name := u.User.Username(); name != "" {
		word := regexp.MustCompile(`(^|[^\pL\pN])` + regexp.QuoteMeta(name) + `($|[^\pL\pN])`)
		text = word.ReplaceAllString(text, "${1}[redacted]${2}")
	}
	var secrets []string
	if password, ok := u.User.Password(); ok {
		secrets = append(secrets, password)
	}
	for name, values := range u.Query() {
		if strings.Contains(name, "password") {
			secrets = append(secrets, values...)
		}
	}
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[redacted]")
		}
	}
	return text
}
