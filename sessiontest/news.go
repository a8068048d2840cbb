package sessiontest

import (
	"net/http"
	"slices"
	"strings"
)

// News is the message of a step about the client's session cookie.
type News string

const (
	NoNews        News = "left as it was" // the client has the token that it had, or still none
	CookieSet     News = "set"            // it had no token, and has one now
	CookieRenewed News = "renewed"        // it has another token than before
	CookieCleared News = "cleared"        // it had a token, and has none now
)

// newsOf compares the cookies before and after a step. The names are the names of
// managers' cookies. Among several, the first that has changed counts.
func newsOf(names []string, before, after []*http.Cookie) News {
	for _, name := range names {
		name, isCookie := strings.CutPrefix(name, "cookie ")
		if !isCookie {
			continue
		}
		had, has := valueOf(before, name), valueOf(after, name)
		switch {
		case had == has:
		case had == "":
			return CookieSet
		case has == "":
			return CookieCleared
		default:
			return CookieRenewed
		}
	}
	return NoNews
}

func valueOf(cookies []*http.Cookie, name string) string {
	i := slices.IndexFunc(cookies, func(c *http.Cookie) bool { return c.Name == name })
	if i < 0 {
		return ""
	}
	return cookies[i].Value
}
