package middleware

import (
	"errors"
	"net/http"
)

// A SameSite is a cookie's attribute in a [Config]: lax, strict or none. Zero means the
// default.
type SameSite http.SameSite

var errSameSite = errors.New("sessions: a SameSite is lax, strict or none")

// UnmarshalText reads an attribute from a file or the environment.
func (s *SameSite) UnmarshalText(text []byte) error {
	for value, word := range sameSites {
		if word == string(text) {
			*s = SameSite(value)
			return nil
		}
	}
	return errSameSite
}

// MarshalText writes the attribute as UnmarshalText reads it.
func (s SameSite) MarshalText() ([]byte, error) {
	if word, ok := sameSites[http.SameSite(s)]; ok {
		return []byte(word), nil
	}
	return nil, errSameSite
}

var sameSites = map[http.SameSite]string{
	0: "", http.SameSiteLaxMode: "lax", http.SameSiteStrictMode: "strict", http.SameSiteNoneMode: "none",
}
