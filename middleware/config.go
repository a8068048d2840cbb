package middleware

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"time"
)

// A Config is the part of [Options] that operators set, in JSON, in YAML or in the
// environment:
//
//	store: redis://localhost:6379/0       SESSIONS_STORE
//	store_file: /run/secrets/store        SESSIONS_STORE_FILE
//	namespace: shop                       SESSIONS_NAMESPACE
//	cookie_name: session_id               SESSIONS_COOKIE_NAME
//	cookie_insecure: false                SESSIONS_COOKIE_INSECURE
//	lifetime: 24h                         SESSIONS_LIFETIME
//	idle_timeout: 1h                      SESSIONS_IDLE_TIMEOUT
//	remember_lifetime: 30d                SESSIONS_REMEMBER_LIFETIME
//	remember_idle_timeout: 7d             SESSIONS_REMEMBER_IDLE_TIMEOUT
//	max_per_owner: 10                     SESSIONS_MAX_PER_OWNER
//	secret: 32 or more random characters  SESSIONS_SECRET
//	secret_file: /run/secrets/cookie      SESSIONS_SECRET_FILE
//	old_secrets: [earlier secrets]        SESSIONS_OLD_SECRETS, separated by commas
//	old_secrets_file: /run/secrets/old    SESSIONS_OLD_SECRETS_FILE, one a line
//	accept_unsigned: false                SESSIONS_ACCEPT_UNSIGNED
//
// All are optional. The names are the names of [Options]. The key max_age and the
// variable SESSIONS_MAX_AGE mean lifetime, in the word of cookies. [ParseConfig] reads
// JSON and [ConfigFromEnv] the environment. For YAML, decode into a Config with unknown
// keys refused: with gopkg.in/yaml.v3, that is Decoder.KnownFields.
//
// A file keeps a secret out of the environment and out of the configuration, as
// Kubernetes, Docker and systemd mount it. It holds the value alone; line ends behind
// it do not count. It is read once, when the program starts.
//
// Package fmt and structured logs print no field of a Config, since Store and
// the secrets are confidential. Encoders of JSON and YAML write every field.
type Config struct {
	// Store is the URL for stores.Open: "memory:" or "redis://…". Empty means
	// "memory:". StoreFile names a file that holds it.
	Store     string `json:"store" yaml:"store"`
	StoreFile string `json:"store_file" yaml:"store_file"`

	// Namespace is the namespace for stores.Open, for programs that share a server.
	// Programs choose one if it is empty.
	Namespace string `json:"namespace" yaml:"namespace"`

	// CookieName is [Cookie.Name].
	CookieName string `json:"cookie_name" yaml:"cookie_name"`

	// CookieInsecure is [Cookie.Insecure], for development over plain http.
	CookieInsecure bool `json:"cookie_insecure" yaml:"cookie_insecure"`

	// Lifetime is [Options.Lifetime]. MaxAge is another name for it. Set only one.
	Lifetime Duration `json:"lifetime" yaml:"lifetime"`
	MaxAge   Duration `json:"max_age" yaml:"max_age"`

	// IdleTimeout is [Options.IdleTimeout]. "none" means no limit.
	IdleTimeout Duration `json:"idle_timeout" yaml:"idle_timeout"`

	// RememberLifetime and RememberIdleTimeout are [Options.Remember].
	RememberLifetime    Duration `json:"remember_lifetime" yaml:"remember_lifetime"`
	RememberIdleTimeout Duration `json:"remember_idle_timeout" yaml:"remember_idle_timeout"`

	// MaxPerOwner is [Options.MaxPerOwner].
	MaxPerOwner int `json:"max_per_owner" yaml:"max_per_owner"`

	// Secret, if not empty, signs the cookie. To change it, put the earlier one
	// into OldSecrets for as long as sessions live. See [Options.Secrets]. SecretFile
	// and OldSecretsFile name files that hold them.
	Secret         string   `json:"secret" yaml:"secret"`
	SecretFile     string   `json:"secret_file" yaml:"secret_file"`
	OldSecrets     []string `json:"old_secrets" yaml:"old_secrets"`
	OldSecretsFile string   `json:"old_secrets_file" yaml:"old_secrets_file"`

	// AcceptUnsigned is [Options.AcceptUnsigned].
	AcceptUnsigned bool `json:"accept_unsigned" yaml:"accept_unsigned"`

	env     bool     // mistakes are told in the names of variables
	ignored []string // variables that look like ours
}

// Format writes the type's name, for every verb. Package fmt does not call it for a
// Config in a field that is not exported.
func (c Config) Format(f fmt.State, _ rune) { f.Write([]byte("sessions.Config")) }

// LogValue returns the type's name.
func (c Config) LogValue() slog.Value { return slog.StringValue("sessions.Config") }

// Options returns the options that the configuration asks for, for the program to add
// to, and the URL of the store. It returns the errors of [Config.Apply].
func (c Config) Options() (o *Options, store string, err error) {
	o = new(Options)
	store, err = c.Apply(o)
	return o, store, err
}

// Apply sets the options that the configuration asks for in o, which has the program's
// own, and returns the URL of the store. Settings that the configuration leaves out
// stay as they are. The error names all mistakes at once, by the keys of the file or
// the names of the variables; it does not hold a secret. With an error, o is as it was.
func (c Config) Apply(o *Options) (store string, err error) {
	if err := c.complete(); err != nil {
		return "", err
	}
	override(&o.Lifetime, time.Duration(cmp.Or(c.Lifetime, c.MaxAge)))
	override(&o.IdleTimeout, time.Duration(c.IdleTimeout))
	override(&o.Remember.Lifetime, time.Duration(c.RememberLifetime))
	override(&o.Remember.IdleTimeout, time.Duration(c.RememberIdleTimeout))
	override(&o.Cookie.Name, c.CookieName)
	override(&o.Cookie.Insecure, c.CookieInsecure)
	override(&o.AcceptUnsigned, c.AcceptUnsigned)
	if c.MaxPerOwner != 0 {
		o.MaxPerOwner, o.configured.maxPerOwner = c.MaxPerOwner, c.name("max_per_owner")
	}
	if c.Secret != "" {
		o.Secrets = [][]byte{[]byte(c.Secret)}
		for _, old := range c.OldSecrets {
			o.Secrets = append(o.Secrets, []byte(old))
		}
	}
	o.configured.ignored = c.ignored
	return cmp.Or(c.Store, "memory:"), nil
}

// override sets a field of the options if the configuration does.
func override[V comparable](field *V, value V) { *field = cmp.Or(value, *field) }

// name returns the operators' name of a setting.
func (c *Config) name(key string) string {
	if c.env {
		return envName(key)
	}
	return key
}

// complete reads the files that the configuration names, and returns everything that is
// wrong with it.
func (c *Config) complete() error {
	var errs []error
	refuse := func(bad bool, key, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf("sessions: %s: "+format, append([]any{c.name(key)}, args...)...))
		}
	}
	secret := c.Secret != "" || c.SecretFile != ""
	oldSecrets := len(c.OldSecrets) > 0 || c.OldSecretsFile != ""
	for _, f := range c.files() {
		if err := f.read(c.name); err != nil {
			refuse(true, f.key, "%w", err)
		}
	}
	checkDuration := func(key string, d Duration, none bool) {
		t := time.Duration(d)
		refuse(t < 0 && !none, key, "%s; it must be positive", d)
		refuse(t > maxAge, key, "%s; the longest is 400 days, as for cookies", d)
		refuse(t > 0 && t < time.Second, key, "%s; the shortest is a second", d)
	}
	checkDuration("lifetime", c.Lifetime, false)
	checkDuration("max_age", c.MaxAge, false)
	checkDuration("idle_timeout", c.IdleTimeout, true)
	checkDuration("remember_lifetime", c.RememberLifetime, false)
	checkDuration("remember_idle_timeout", c.RememberIdleTimeout, false)
	refuse(c.Lifetime != 0 && c.MaxAge != 0, "max_age", "it is another name of %s; set one of the two", c.name("lifetime"))
	refuse(c.RememberIdleTimeout > 0 && c.RememberLifetime == 0, "remember_idle_timeout", "set %s too", c.name("remember_lifetime"))
	refuse(c.MaxPerOwner < 0, "max_per_owner", "%d; it must be positive, or zero for any number", c.MaxPerOwner)
	const advice = "; make one with `openssl rand -base64 32`"
	refuse(c.Secret != "" && len(c.Secret) < minSecret, "secret", "%d bytes%s", len(c.Secret), advice)
	for i, old := range c.OldSecrets {
		refuse(len(old) < minSecret, "old_secrets", "number %d has %d bytes; secrets have at least %d", i+1, len(old), minSecret)
	}
	refuse(!secret && oldSecrets, "old_secrets", "set %s too%s", c.name("secret"), advice)
	refuse(!secret && c.AcceptUnsigned, "accept_unsigned", "set %s too%s", c.name("secret"), advice)
	cookie := Cookie{Name: c.CookieName, Insecure: c.CookieInsecure}
	if err := cookie.check(secret); err != nil {
		refuse(true, "cookie_name", "%q: %s", c.CookieName, strings.TrimPrefix(err.Error(), "sessions: "))
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
		if key := v.Type().Field(i).Tag.Get("json"); key != "" {
			all = append(all, setting{key, v.Field(i)})
		}
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
