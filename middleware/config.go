package middleware

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// A Config is the part of [Options] that applications keep in a configuration
// file, in JSON or YAML:
//
//	store: redis://localhost:6379/0
//	cookie_name: session_id
//	max_age: 3600
//	secret: 32 or more random characters
//
// Package fmt and structured logs print no field of a Config, since Store and
// Secret are confidential. Encoders of JSON and YAML write every field.
type Config struct {
	// Store is the URL for stores.Open: "memory:" or "redis://…". Empty means
	// "memory:".
	Store string `json:"store" yaml:"store"`

	// CookieName is [Cookie.Name].
	CookieName string `json:"cookie_name" yaml:"cookie_name"`

	// MaxAge is [Options.Lifetime] in seconds.
	MaxAge int `json:"max_age" yaml:"max_age"`

	// Secret, if not empty, signs the cookie: see [Options.Secrets].
	Secret string `json:"secret" yaml:"secret"`
}

// Format writes the type's name, for every verb. Package fmt does not call it for a
// Config in a field that is not exported.
func (c Config) Format(f fmt.State, _ rune) { f.Write([]byte("sessions.Config")) }

// LogValue returns the type's name.
func (c Config) LogValue() slog.Value { return slog.StringValue("sessions.Config") }

// Options returns the options that the configuration asks for, for the program
// to add to, and the URL of the store. The error names everything that is wrong
// at once; it does not hold the secret.
func (c Config) Options() (o *Options, store string, err error) {
	o = &Options{Cookie: Cookie{Name: c.CookieName}}
	if c.Secret != "" {
		o.Secrets = [][]byte{[]byte(c.Secret)}
	}
	if store = c.Store; store == "" {
		store = "memory:"
	}
	errs := []error{o.check()}
	if c.MaxAge < 0 || c.MaxAge > int(maxAge/time.Second) {
		errs = append(errs, fmt.Errorf("sessions: max_age is %d; it is a number of seconds up to 400 days", c.MaxAge))
	} else {
		o.Lifetime = time.Duration(c.MaxAge) * time.Second
	}
	return o, store, errors.Join(errs...)
}
