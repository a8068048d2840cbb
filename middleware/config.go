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

// A Config is the part of [Options] that has plain values, for operators to set in JSON,
// in YAML or in the environment:
//
//	store: redis://localhost:6379/0       SESSIONS_STORE
//	store_file: /run/secrets/store        SESSIONS_STORE_FILE
//	namespace: shop                       SESSIONS_NAMESPACE
//	lifetime: 24h                         SESSIONS_LIFETIME
//	idle_timeout: 1h                      SESSIONS_IDLE_TIMEOUT
//	remember_lifetime: 30d                SESSIONS_REMEMBER_LIFETIME
//	remember_idle_timeout: 7d             SESSIONS_REMEMBER_IDLE_TIMEOUT
//	remember_all: false                   SESSIONS_REMEMBER_ALL
//	max_per_owner: 10                     SESSIONS_MAX_PER_OWNER
//	at_max: refuse_log_in                 SESSIONS_AT_MAX, or end_oldest
//	rotate_every: 10m                     SESSIONS_ROTATE_EVERY
//	end_on_reuse: true                    SESSIONS_END_ON_REUSE
//	keep_ended: 7d                        SESSIONS_KEEP_ENDED
//	secret: 32 or more random characters  SESSIONS_SECRET
//	secret_file: /run/secrets/cookie      SESSIONS_SECRET_FILE
//	old_secrets: [earlier secrets]        SESSIONS_OLD_SECRETS, separated by commas
//	old_secrets_file: /run/secrets/old    SESSIONS_OLD_SECRETS_FILE, one a line
//	accept_unsigned: false                SESSIONS_ACCEPT_UNSIGNED
//	cookie_name: session_id               SESSIONS_COOKIE_NAME
//	cookie_domain: example.com            SESSIONS_COOKIE_DOMAIN
//	cookie_path: /                        SESSIONS_COOKIE_PATH
//	cookie_same_site: lax                 SESSIONS_COOKIE_SAME_SITE, or strict, none
//	cookie_partitioned: false             SESSIONS_COOKIE_PARTITIONED
//	cookie_insecure: false                SESSIONS_COOKIE_INSECURE
//	device_bound_enabled: true            SESSIONS_DEVICE_BOUND_ENABLED
//	save_timeout: 5s                      SESSIONS_SAVE_TIMEOUT
//	watch_interval: 15s                   SESSIONS_WATCH_INTERVAL
//	hold_back: 65536                      SESSIONS_HOLD_BACK
//
// All are optional. A key is the name of the option: cookie_name is [Cookie.Name], and
// the other fields of [DeviceBound] are there like device_bound_enabled. Zero, false,
// and an empty text or list leave the program's own option as it is. [ParseConfig] reads
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

	// Lifetime is [Options.Lifetime], and IdleTimeout [Options.IdleTimeout], of which
	// "none" means no limit.
	Lifetime    Duration `json:"lifetime" yaml:"lifetime"`
	IdleTimeout Duration `json:"idle_timeout" yaml:"idle_timeout"`

	// MaxAge, in the word of cookies, gives every session a cookie with this Max-Age. It
	// stands for Lifetime, RememberLifetime and RememberAll, which are then not set.
	MaxAge Duration `json:"max_age" yaml:"max_age"`

	// These are [Options.Remember].
	RememberLifetime    Duration `json:"remember_lifetime" yaml:"remember_lifetime"`
	RememberIdleTimeout Duration `json:"remember_idle_timeout" yaml:"remember_idle_timeout"`
	RememberAll         bool     `json:"remember_all" yaml:"remember_all"`

	// MaxPerOwner is [Options.MaxPerOwner], and AtMax [Options.AtMax].
	MaxPerOwner int           `json:"max_per_owner" yaml:"max_per_owner"`
	AtMax       session.AtMax `json:"at_max" yaml:"at_max"`

	// RotateEvery is [Options.RotateEvery], EndOnReuse is [Options.EndOnReuse], and
	// KeepEnded [Options.KeepEnded].
	RotateEvery Duration `json:"rotate_every" yaml:"rotate_every"`
	EndOnReuse  bool     `json:"end_on_reuse" yaml:"end_on_reuse"`
	KeepEnded   Duration `json:"keep_ended" yaml:"keep_ended"`

	// Secret, if not empty, signs the cookie. To change it, put the earlier one
	// into OldSecrets for as long as sessions live. See [Options.Secrets]. SecretFile
	// and OldSecretsFile name files that hold them.
	Secret         string   `json:"secret" yaml:"secret"`
	SecretFile     string   `json:"secret_file" yaml:"secret_file"`
	OldSecrets     []string `json:"old_secrets" yaml:"old_secrets"`
	OldSecretsFile string   `json:"old_secrets_file" yaml:"old_secrets_file"`

	// AcceptUnsigned is [Options.AcceptUnsigned].
	AcceptUnsigned bool `json:"accept_unsigned" yaml:"accept_unsigned"`

	// These are the fields of [Cookie].
	CookieName        string   `json:"cookie_name" yaml:"cookie_name"`
	CookieDomain      string   `json:"cookie_domain" yaml:"cookie_domain"`
	CookiePath        string   `json:"cookie_path" yaml:"cookie_path"`
	CookieSameSite    SameSite `json:"cookie_same_site" yaml:"cookie_same_site"`
	CookiePartitioned bool     `json:"cookie_partitioned" yaml:"cookie_partitioned"`
	CookieInsecure    bool     `json:"cookie_insecure" yaml:"cookie_insecure"`

	// These are the fields of [DeviceBound].
	DeviceBoundEnabled        bool     `json:"device_bound_enabled" yaml:"device_bound_enabled"`
	DeviceBoundLife           Duration `json:"device_bound_life" yaml:"device_bound_life"`
	DeviceBoundPath           string   `json:"device_bound_path" yaml:"device_bound_path"`
	DeviceBoundInitiators     []string `json:"device_bound_initiators" yaml:"device_bound_initiators"`
	DeviceBoundFallBack       bool     `json:"device_bound_fall_back" yaml:"device_bound_fall_back"`
	DeviceBoundRememberedOnly bool     `json:"device_bound_remembered_only" yaml:"device_bound_remembered_only"`

	// SaveTimeout is [Options.SaveTimeout], WatchInterval is [Options.WatchInterval], and
	// HoldBack [Options.HoldBack], in bytes.
	SaveTimeout   Duration `json:"save_timeout" yaml:"save_timeout"`
	WatchInterval Duration `json:"watch_interval" yaml:"watch_interval"`
	HoldBack      int      `json:"hold_back" yaml:"hold_back"`

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
	if c.MaxAge != 0 {
		c.Lifetime, c.RememberLifetime, c.RememberAll = c.MaxAge, c.MaxAge, true
		c.RememberIdleTimeout = cmp.Or(c.RememberIdleTimeout, max(c.IdleTimeout, 0))
	}
	o.configured.names = make(map[string]string)
	c.override(reflect.ValueOf(o).Elem(), "", o.configured.names)
	if c.Secret != "" {
		o.Secrets = [][]byte{[]byte(c.Secret)}
		for _, old := range c.OldSecrets {
			o.Secrets = append(o.Secrets, []byte(old))
		}
	}
	o.configured.ignored = c.ignored
	return cmp.Or(c.Store, "memory:"), nil
}

// override puts the settings into the options of the same name, of which path is the
// beginning, and notes what operators call them: CookieName is Cookie.Name.
func (c *Config) override(options reflect.Value, path string, names map[string]string) {
	settings := reflect.ValueOf(c).Elem()
	for field, option := range options.Fields() {
		if !field.IsExported() {
			continue
		}
		at := path + field.Name
		setting, ok := settings.Type().FieldByName(strings.ReplaceAll(at, ".", ""))
		if !ok {
			if option.Kind() == reflect.Struct {
				c.override(option, at+".", names)
			}
			continue
		}
		value := settings.FieldByIndex(setting.Index)
		if !value.IsZero() && (value.Kind() != reflect.Slice || value.Len() > 0) {
			option.Set(value.Convert(option.Type()))
			names[at] = c.name(setting.Tag.Get("json"))
		}
	}
}

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
	checkDuration("keep_ended", c.KeepEnded, false)
	checkDuration("rotate_every", c.RotateEvery, false)
	const least = Duration(minRotateEvery)
	refuse(c.RotateEvery >= Duration(time.Second) && c.RotateEvery < least, "rotate_every", "%s; the least is %s", c.RotateEvery, least)
	for _, other := range [...]struct {
		key string
		set bool
	}{{"lifetime", c.Lifetime != 0}, {"remember_lifetime", c.RememberLifetime != 0}, {"remember_all", c.RememberAll}} {
		refuse(c.MaxAge != 0 && other.set, "max_age", "it stands for %s, too; set one of the two", c.name(other.key))
	}
	checkShort := func(key string, d Duration) {
		refuse(d < 0, key, "%s; it must be positive", d)
		refuse(d > 0 && d < Duration(time.Millisecond), key, "%s; the shortest is a millisecond", d)
	}
	checkShort("save_timeout", c.SaveTimeout)
	checkShort("watch_interval", c.WatchInterval)
	refuse(c.HoldBack < 0, "hold_back", "%d; it must be positive, or zero to hold nothing back", c.HoldBack)
	refuse(c.MaxPerOwner < 0, "max_per_owner", "%d; it must be positive, or zero for any number", c.MaxPerOwner)
	const advice = "; make one with `openssl rand -base64 32`"
	refuse(c.Secret != "" && len(c.Secret) < minSecret, "secret", "%d bytes%s", len(c.Secret), advice)
	for i, old := range c.OldSecrets {
		refuse(len(old) < minSecret, "old_secrets", "number %d has %d bytes; secrets have at least %d", i+1, len(old), minSecret)
	}
	refuse(!secret && oldSecrets, "old_secrets", "set %s too%s", c.name("secret"), advice)
	refuse(!secret && c.AcceptUnsigned, "accept_unsigned", "set %s too%s", c.name("secret"), advice)
	var o Options
	o.configured.names = make(map[string]string)
	c.override(reflect.ValueOf(&o.Cookie).Elem(), "Cookie.", o.configured.names)
	errs = append(errs, o.configured.inWords(o.Cookie.check(secret)))
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
	case session.AtMax:
		return "end_oldest or refuse_log_in"
	case SameSite:
		return "lax, strict or none"
	}
	return "a string"
}
