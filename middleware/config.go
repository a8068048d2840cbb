package middleware

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"time"

	"github.com/seed48429006/sessions/session"
)

// A Config is the part of [Options] that operators set, in JSON, in YAML or in the
// environment:
//
//	store: redis://localhost:6379/0       SESSIONS_STORE
//	namespace: shop                       SESSIONS_NAMESPACE
//	cookie_name: session_id               SESSIONS_COOKIE_NAME
//	max_age: 24h                          SESSIONS_MAX_AGE
//	idle_timeout: 1h                      SESSIONS_IDLE_TIMEOUT
//	remember: 30d                         SESSIONS_REMEMBER
//	remember_idle_timeout: 7d             SESSIONS_REMEMBER_IDLE_TIMEOUT
//	max_per_owner: 10                     SESSIONS_MAX_PER_OWNER
//	secret: 32 or more random characters  SESSIONS_SECRET
//	old_secrets: [earlier secrets]        SESSIONS_OLD_SECRETS, separated by commas
//	accept_unsigned: false                SESSIONS_ACCEPT_UNSIGNED
//	dev: false                            SESSIONS_DEV
//
// All are optional. [ParseConfig] reads JSON and [ConfigFromEnv] the environment.
// For YAML, decode into a Config with unknown keys refused: with
// gopkg.in/yaml.v3, that is Decoder.KnownFields.
//
// Package fmt and structured logs print no field of a Config, since Store and
// the secrets are confidential. Encoders of JSON and YAML write every field.
type Config struct {
	// Store is the URL for stores.Open: "memory:" or "redis://…". Empty means
	// "memory:".
	Store string `json:"store" yaml:"store"`

	// Namespace is that of stores.Open, for programs that share a server. Programs
	// choose one if it is empty.
	Namespace string `json:"namespace" yaml:"namespace"`

	// CookieName is [Cookie.Name].
	CookieName string `json:"cookie_name" yaml:"cookie_name"`

	// MaxAge is [Options.Lifetime].
	MaxAge Duration `json:"max_age" yaml:"max_age"`

	// IdleTimeout is [Options.IdleTimeout]. "none" means no limit.
	IdleTimeout Duration `json:"idle_timeout" yaml:"idle_timeout"`

	// Remember and RememberIdleTimeout are [Options.Remember].
	Remember            Duration `json:"remember" yaml:"remember"`
	RememberIdleTimeout Duration `json:"remember_idle_timeout" yaml:"remember_idle_timeout"`

	// MaxPerOwner is [Options.MaxPerOwner].
	MaxPerOwner int `json:"max_per_owner" yaml:"max_per_owner"`

	// Secret, if not empty, signs the cookie. To change it, put the earlier one
	// into OldSecrets for as long as sessions live. See [Options.Secrets].
	Secret     string   `json:"secret" yaml:"secret"`
	OldSecrets []string `json:"old_secrets" yaml:"old_secrets"`

	// AcceptUnsigned is [Options.AcceptUnsigned].
	AcceptUnsigned bool `json:"accept_unsigned" yaml:"accept_unsigned"`

	// Dev is [Cookie.Insecure], for development over plain http.
	Dev bool `json:"dev" yaml:"dev"`
}

// Format writes the type's name, for every verb. Package fmt does not call it for a
// Config in a field that is not exported.
func (c Config) Format(f fmt.State, _ rune) { f.Write([]byte("sessions.Config")) }

// LogValue returns the type's name.
func (c Config) LogValue() slog.Value { return slog.StringValue("sessions.Config") }

// Options returns the options that the configuration asks for, for the program
// to add to, and the URL of the store. The error names everything that is wrong
// at once, by the keys of the file; it does not hold a secret.
func (c Config) Options() (o *Options, store string, err error) {
	o = &Options{
		Lifetime:    time.Duration(c.MaxAge),
		IdleTimeout: time.Duration(c.IdleTimeout),
		MaxPerOwner: c.MaxPerOwner,
		Cookie:      Cookie{Name: c.CookieName, Insecure: c.Dev},
		Remember:    session.Remember{Lifetime: time.Duration(c.Remember), IdleTimeout: time.Duration(c.RememberIdleTimeout)},
	}
	if c.Secret != "" {
		o.Secrets = append(o.Secrets, []byte(c.Secret))
		for _, old := range c.OldSecrets {
			o.Secrets = append(o.Secrets, []byte(old))
		}
		o.AcceptUnsigned = c.AcceptUnsigned
	}
	return o, cmp.Or(c.Store, "memory:"), c.check(&o.Cookie)
}

// check returns everything that is wrong with the configuration.
func (c *Config) check(cookie *Cookie) error {
	var errs []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf("sessions: "+format, args...))
		}
	}
	checkDuration := func(key string, d Duration, none bool) {
		t := time.Duration(d)
		refuse(t < 0 && !none, "%s: %s; it must be positive", key, d)
		refuse(t > maxAge, "%s: %s; the longest is 400 days, as for cookies", key, d)
		refuse(t > 0 && t < time.Second, "%s: %s; the shortest is a second", key, d)
	}
	checkDuration("max_age", c.MaxAge, false)
	checkDuration("idle_timeout", c.IdleTimeout, true)
	checkDuration("remember", c.Remember, false)
	checkDuration("remember_idle_timeout", c.RememberIdleTimeout, false)
	refuse(c.RememberIdleTimeout > 0 && c.Remember == 0, "remember_idle_timeout: set remember too")
	refuse(c.MaxPerOwner < 0, "max_per_owner: %d; it must be positive, or zero for any number", c.MaxPerOwner)
	const advice = "; make one with `openssl rand -base64 32`"
	refuse(c.Secret != "" && len(c.Secret) < minSecret, "secret: %d bytes%s", len(c.Secret), advice)
	for i, old := range c.OldSecrets {
		refuse(len(old) < minSecret, "old_secrets: number %d has %d bytes; secrets have at least %d", i+1, len(old), minSecret)
	}
	refuse(c.Secret == "" && len(c.OldSecrets) > 0, "old_secrets: set secret too%s", advice)
	refuse(c.Secret == "" && c.AcceptUnsigned, "accept_unsigned: set secret too%s", advice)
	if err := cookie.check(c.Secret != ""); err != nil {
		refuse(true, "cookie_name: %q: %s", c.CookieName, strings.TrimPrefix(err.Error(), "sessions: "))
	}
	return errors.Join(errs...)
}

// A setting is one key of a Config.
type setting struct {
	key   string
	value reflect.Value // addressable
}

// settings returns the keys of c, in the order of their declaration.
func (c *Config) settings() (all []setting) {
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		all = append(all, setting{v.Type().Field(i).Tag.Get("json"), v.Field(i)})
	}
	return all
}

// kind returns how to spell a value of the setting.
func (s setting) kind() string {
	switch s.value.Interface().(type) {
	case bool:
		return "true or false"
	case int:
		return "a whole number"
	case []string:
		return "a list of strings"
	case Duration:
		return durationHelp
	}
	return "a string"
}
