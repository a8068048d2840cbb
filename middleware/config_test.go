package middleware_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

var (
	secretText    = strings.Repeat("s", 32)
	earlierSecret = strings.Repeat("o", 40)
)

// wholeConfig has fields of every kind set.
var wholeConfig = middleware.Config{
	Store: "redis://localhost:6379/0", Namespace: "shop", CookieName: "sid",
	Lifetime: middleware.Duration(12 * time.Hour), IdleTimeout: -1,
	RememberLifetime: middleware.Duration(720 * time.Hour), RememberIdleTimeout: middleware.Duration(90 * time.Minute),
	MaxPerOwner: 7, Secret: secretText, OldSecrets: []string{earlierSecret}, CookieInsecure: true,
	AtMax: session.RefuseLogIn, RotateEvery: middleware.Duration(10 * time.Minute), EndOnReuse: true, KeepEnded: middleware.Duration(168 * time.Hour),
	CookieSameSite: middleware.SameSite(http.SameSiteStrictMode), DeviceBoundInitiators: []string{"a.example", "b.example"},
}

func TestConfigOptions(t *testing.T) {
	t.Parallel()
	o, store, err := wholeConfig.Options()
	want := &middleware.Options{
		Lifetime: 12 * time.Hour, IdleTimeout: -1, MaxPerOwner: 7,
		Remember: session.Remember{Lifetime: 720 * time.Hour, IdleTimeout: 90 * time.Minute},
		Cookie:   middleware.Cookie{Name: "sid", Insecure: true, SameSite: http.SameSiteStrictMode},
		Secrets:  [][]byte{[]byte(secretText), []byte(earlierSecret)},
		AtMax:    session.RefuseLogIn, RotateEvery: 10 * time.Minute, EndOnReuse: true, KeepEnded: 168 * time.Hour,
		DeviceBound: middleware.DeviceBound{Initiators: []string{"a.example", "b.example"}},
	}
	if err != nil || store != "redis://localhost:6379/0" || !reflect.DeepEqual(exported(*o), exported(*want)) {
		t.Errorf("%q, %v, %s", store, err, cmp.Diff(exported(*o), exported(*want)))
	}
	if _, store, err := (middleware.Config{}).Options(); store != "memory:" || err != nil {
		t.Errorf("the zero Config gives %q, %v", store, err)
	}
}

func TestParseConfig(t *testing.T) {
	t.Parallel()
	c, err := middleware.ParseConfig([]byte(`{
		"store": "redis://localhost:6379/0", "namespace": "shop", "cookie_name": "sid",
		"lifetime": 43200, "idle_timeout": "none", "remember_lifetime": "30d", "remember_idle_timeout": "1h30m",
		"max_per_owner": 7, "secret": "` + secretText + `", "old_secrets": ["` + earlierSecret + `"], "cookie_insecure": true,
		"at_max": "refuse_log_in", "rotate_every": "10m", "end_on_reuse": true, "keep_ended": "7d", "cookie_same_site": "strict",
		"device_bound_initiators": ["a.example", "b.example"]
	}`))
	if err != nil || !reflect.DeepEqual(c, wholeConfig) {
		t.Errorf("err %v, diff %s", err, cmp.Diff(exported(c), exported(wholeConfig)))
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := middleware.ParseConfig(text); err != nil || !reflect.DeepEqual(c, again) {
		t.Errorf("%s is read as %s, %v", text, cmp.Diff(exported(c), exported(again)), err)
	}
}

func TestConfigFromEnv(t *testing.T) {
	t.Parallel()
	c, err := middleware.ConfigFromEnv([]string{
		"HOME=/root", "SESSIONS_STORE=redis://localhost:6379/0", "SESSIONS_NAMESPACE=shop", "SESSIONS_COOKIE_NAME=sid",
		"SESSIONS_LIFETIME=43200", "SESSIONS_IDLE_TIMEOUT=none", "SESSIONS_REMEMBER_LIFETIME=30d", "SESSIONS_REMEMBER_IDLE_TIMEOUT=90m",
		"SESSIONS_MAX_PER_OWNER=7", "SESSIONS_SECRET=" + secretText, "SESSIONS_OLD_SECRETS=" + earlierSecret, "SESSIONS_COOKIE_INSECURE=1",
		"SESSIONS_AT_MAX=refuse_log_in", "SESSIONS_ROTATE_EVERY=10m", "SESSIONS_END_ON_REUSE=1", "SESSIONS_KEEP_ENDED=7d", "SESSIONS_COOKIE_SAME_SITE=strict",
		"SESSIONS_DEVICE_BOUND_INITIATORS=a.example b.example",
	})
	if diff := cmp.Diff(exported(c), exported(wholeConfig)); err != nil || diff != "" {
		t.Errorf("err %v, diff %s", err, diff)
	}
	c, err = middleware.ConfigFromEnv([]string{"SESSIONS_STORE=", "SESSIONS_STORES=", "SESSIONS_SECRET=" + secretText,
		"SESSIONS_OLD_SECRETS=" + earlierSecret + ", " + secretText})
	if err != nil || c.Store != "" || !reflect.DeepEqual(c.OldSecrets, []string{earlierSecret, secretText}) {
		t.Errorf("%q, %v", c.OldSecrets, err)
	}
}

// exported returns the exported fields of a Config or of Options, which cmp and fmt
// would print by the type's name.
func exported(v any) map[string]string {
	all := map[string]string{}
	for field, value := range reflect.ValueOf(v).Fields() {
		if field.IsExported() {
			all[field.Name] = fmt.Sprintf("%v", value)
		}
	}
	return all
}

func TestNearVariablesAreRefused(t *testing.T) {
	t.Parallel()
	_, err := middleware.ParseConfig([]byte(`{"x": 1}`))
	_, list, _ := strings.Cut(err.Error(), "there are ")
	for key := range strings.SplitSeq(list, ", ") {
		if _, err := middleware.ConfigFromEnv([]string{"SESSIONS_" + strings.ToUpper(key) + "X=1"}); err == nil {
			t.Errorf("%s with a letter more is accepted", key)
		}
	}
}

func TestZeroConfigChangesNoOption(t *testing.T) {
	t.Parallel()
	kept := middleware.Options{
		Lifetime: time.Hour, IdleTimeout: time.Hour, Remember: session.Remember{Lifetime: time.Hour, IdleTimeout: time.Hour},
		MaxPerOwner: 3, Secrets: [][]byte{[]byte(secretText)}, AcceptUnsigned: true, Cookie: middleware.Cookie{Name: "own", Insecure: true},
	}
	before := exported(kept)
	if _, err := (middleware.Config{}).Apply(&kept); err != nil || !reflect.DeepEqual(exported(kept), before) {
		t.Errorf("%v, %s", err, cmp.Diff(before, exported(kept)))
	}
}

// MaxAge is the Max-Age of every session's cookie.
func TestConfigMaxAge(t *testing.T) {
	t.Parallel()
	const hour = time.Hour
	for text, want := range map[string]middleware.Options{
		`{"lifetime": "1h"}`:                           {Lifetime: hour},
		`{"max_age": 3600}`:                            {Lifetime: hour, Remember: session.Remember{Lifetime: hour, All: true}},
		`{"max_age": 3600, "idle_timeout": "none"}`:    {Lifetime: hour, IdleTimeout: -1, Remember: session.Remember{Lifetime: hour, All: true}},
		`{"max_age": 7200, "idle_timeout": 3600}`:      {Lifetime: 2 * hour, IdleTimeout: hour, Remember: session.Remember{Lifetime: 2 * hour, IdleTimeout: hour, All: true}},
		`{"remember_all": true, "idle_timeout": "1h"}`: {IdleTimeout: hour, Remember: session.Remember{All: true}},
	} {
		c, err := middleware.ParseConfig([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if o, _, err := c.Options(); err != nil || !reflect.DeepEqual(exported(*o), exported(want)) {
			t.Errorf("%s: %v, %s", text, err, cmp.Diff(exported(want), exported(*o)))
		}
	}
	a := newApp(t, newStore(), maxAgeHour(t))
	if line := a.get("/add", "").Header().Get("Set-Cookie"); !strings.Contains(line, "; Max-Age=3") {
		t.Errorf("the cookie is %s", line)
	}
}

func maxAgeHour(t *testing.T) *middleware.Options {
	o, _, err := middleware.Config{MaxAge: middleware.Duration(time.Hour)}.Options()
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// notInConfig are the options that a Config does not set by their name, and why.
var notInConfig = map[string]string{
	"Passive":      "a function",
	"Secrets":      "they are Secret and OldSecrets, which can be in files",
	"CookieFor":    "a function",
	"Transport":    "a program's code depends on it",
	"ErrorHandler": "a function",
	"Observe":      "a function",
	"Logger":       "a value of the program's",
}

// Each option that has a plain value is in Config, by the same name, and takes effect.
func TestConfigHasAllOptions(t *testing.T) {
	t.Parallel()
	config := reflect.TypeFor[middleware.Config]()
	left := maps.Clone(notInConfig)
	var walk func(options reflect.Type, path string)
	walk = func(options reflect.Type, path string) {
		for option := range options.Fields() {
			name := path + option.Name
			field, there := config.FieldByName(strings.ReplaceAll(name, ".", ""))
			why := notInConfig[name]
			delete(left, name)
			switch {
			case !option.IsExported():
			case option.Type.Kind() == reflect.Struct:
				walk(option.Type, name+".")
			case there == (why != ""):
				t.Errorf("%s: in Config %v, although %q", name, there, why)
			case there:
				takesEffect(t, name, field)
			}
		}
	}
	walk(reflect.TypeFor[middleware.Options](), "")
	if len(left) > 0 {
		t.Errorf("there are no options %v", left)
	}
}

// takesEffect sets one field of a Config, and looks at the option.
func takesEffect(t *testing.T, name string, field reflect.StructField) {
	var c middleware.Config
	v := reflect.ValueOf(&c).Elem().FieldByIndex(field.Index)
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString("/a.example")
		if name != "Cookie.Path" && name != "DeviceBound.Path" {
			v.SetString("a.example")
		}
	case reflect.Slice:
		v.Set(reflect.ValueOf([]string{"a.example"}))
	case reflect.Int64:
		v.SetInt(int64(time.Hour))
	default:
		v.SetInt(1)
	}
	if name == "AcceptUnsigned" {
		c.Secret = secretText
	}
	o, _, err := c.Options()
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	option := reflect.ValueOf(o).Elem()
	for part := range strings.SplitSeq(name, ".") {
		option = option.FieldByName(part)
	}
	if option.IsZero() || !reflect.DeepEqual(v.Convert(option.Type()).Interface(), option.Interface()) {
		t.Errorf("%s is %v, want %v", name, option, v)
	}
}

// New tells mistakes that take the program's options too in the words of operators.
func TestMistakesBesideTheProgramsOptions(t *testing.T) {
	t.Parallel()
	c, err := middleware.ConfigFromEnv([]string{"SESSIONS_AT_MAX=refuse_log_in", "SESSIONS_DEVICE_BOUND_LIFE=10m", "SESSIONS_COOKIE_DOMAIN=a.example"})
	if err != nil {
		t.Fatal(err)
	}
	o := &middleware.Options{DeviceBound: middleware.DeviceBound{Path: "/device"}, Lifetime: -1}
	if _, err := c.Apply(o); err != nil {
		t.Fatal(err)
	}
	_, err = middleware.New(memstore.New[Draft](nil), o)
	for _, want := range []string{"SESSIONS_AT_MAX is set; set MaxPerOwner too", "Lifetime is -1ns", "DeviceBound has settings"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say: %s\n%v", want, err)
		}
	}
}

// write returns a file with this content.
func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "hunter2")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestConfigFiles(t *testing.T) {
	t.Parallel()
	const url = "redis://ada:hunter2@localhost:6379"
	store, secret := write(t, url+"\n"), write(t, secretText+"\r\n")
	old := write(t, earlierSecret+"\n"+secretText+"\n")
	mounted := filepath.Join(t.TempDir(), "secret") // as Kubernetes mounts it
	if err := os.Symlink(secret, mounted); err != nil {
		t.Fatal(err)
	}
	want := middleware.Config{Store: url, Secret: secretText, OldSecrets: []string{earlierSecret, secretText}}
	c, err := middleware.ConfigFromEnv([]string{"SESSIONS_STORE_FILE=" + store, "SESSIONS_SECRET_FILE=" + mounted, "SESSIONS_OLD_SECRETS_FILE=" + old})
	if diff := cmp.Diff(exported(want), exported(c)); err != nil || diff != "" {
		t.Errorf("the environment: %v, %s", err, diff)
	}
	text, err := json.Marshal(middleware.Config{StoreFile: store, SecretFile: mounted, OldSecretsFile: old})
	if err != nil {
		t.Fatal(err)
	}
	c, err = middleware.ParseConfig(text)
	if diff := cmp.Diff(exported(want), exported(c)); err != nil || diff != "" {
		t.Errorf("JSON: %v, %s", err, diff)
	}
	o, at, err := middleware.Config{StoreFile: store, SecretFile: mounted, OldSecretsFile: old}.Options()
	if err != nil || at != url || len(o.Secrets) != 3 || string(o.Secrets[0]) != secretText {
		t.Errorf("as YAML libraries decode it: %v, %d secrets", err, len(o.Secrets))
	}
}

// Variables of services and of others do not stop the program. It says which have no
// effect, without their values.
func TestConfigIgnoredVariables(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		environ []string
		want    string
	}{
		{"none", []string{"HOME=/root", "PORT=1", "SESSION=hunter2", "SESS=hunter2", "=C:=C:"}, ""},
		{"services", []string{
			"SESSIONS_SERVICE_HOST=hunter2", "SESSIONS_SERVICE_PORT=1", "SESSIONS_SERVICE_PORT_HTTP=1", "SESSIONS_PORT=tcp://hunter2",
			"SESSIONS_PORT_6379_TCP=tcp://hunter2", "SESSIONS_REDIS_PORT_6379_TCP_ADDR=hunter2", "SESSIONS_STORE_PORT=tcp://hunter2",
		}, `level=INFO msg="sessions: some variables of the environment look like those of a Config, but are none, and are ignored" ` +
			`variables="[SESSIONS_SERVICE_HOST SESSIONS_SERVICE_PORT SESSIONS_SERVICE_PORT_HTTP SESSIONS_PORT SESSIONS_PORT_6379_TCP SESSIONS_REDIS_PORT_6379_TCP_ADDR SESSIONS_STORE_PORT]"`},
		{"others", []string{"SESSIONS_URL=hunter2", "SESSIONS_SERVICE_HOST=hunter2", "SESSION_SECRET=hunter2"}, `level=WARN msg="sessions: some variables of the environment look like those of a Config, but are none, and are ignored" ` +
			`variables="[SESSIONS_URL SESSIONS_SERVICE_HOST SESSION_SECRET]"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := middleware.ConfigFromEnv(tt.environ)
			if err != nil {
				t.Fatal(err)
			}
			o, _, err := c.Options()
			if err != nil {
				t.Fatal(err)
			}
			var log strings.Builder
			o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return a
			}}))
			if _, err := middleware.New(memstore.New[Draft](nil), o); err != nil {
				t.Fatal(err)
			}
			if got := strings.TrimSpace(log.String()); got != tt.want {
				t.Errorf("the log says\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// Mistakes are told all at once, by the keys of the file, and never show a value
// that may be a secret.
func TestConfigMistakes(t *testing.T) {
	t.Parallel()
	parse := func(text string) func() error {
		return func() error { _, err := middleware.ParseConfig([]byte(text)); return err }
	}
	env := func(environ ...string) func() error {
		return func() error { _, err := middleware.ConfigFromEnv(environ); return err }
	}
	options := func(c middleware.Config) func() error {
		return func() error { _, _, err := c.Options(); return err }
	}
	const day = middleware.Duration(24 * time.Hour)
	for name, tt := range map[string]struct {
		get  func() error
		want []string
	}{
		"unknown keys":     {parse(`{"max-age": 3, "secrte": "hunter2"}`), []string{`unknown key "max-age"; there are store, store_file, namespace`, `unknown key "secrte"`}},
		"wrong kinds":      {parse(`{"max_age": "1 hour", "secret": 7, "cookie_insecure": "hunter2", "max_per_owner": 1.5, "old_secrets": "hunter2"}`), []string{"max_age: must be a number of seconds, or a number with a unit", "secret: must be a string", "cookie_insecure: must be true or false", "max_per_owner: must be a whole number", "old_secrets: must be a list of strings"}},
		"a duration in []": {parse(`{"max_age": [1]}`), []string{"max_age: must be a number"}},
		"a key twice":      {parse(`{"store": "memory:", "store": ""}`), []string{"store: is there twice"}},
		"no object":        {parse(`["hunter2"]`), []string{"not a JSON object"}},
		"no JSON":          {parse(`{"secret": hunter2}`), []string{"not valid JSON, near byte"}},
		"cut off":          {parse(`{"secret": "x"`), []string{"not valid JSON"}},
		"more behind":      {parse(`{} hunter2`), []string{"not valid JSON"}},
		"near variables": {env("SESSIONS_MAXAGE=3", "SESSIONS_SECRETS=hunter2", "SESSIONS_SECERT=hunter2", "SESSIONS_STOR_FILE=hunter2", "sessions_secret=hunter2", "SESSIONS_IDEL_TIMEOUTS=hunter2"),
			[]string{`"SESSIONS_MAXAGE"; SESSIONS_MAX_AGE is meant`, `"SESSIONS_SECRETS"; SESSIONS_SECRET is meant`, `"SESSIONS_SECERT"; SESSIONS_SECRET is`, `"SESSIONS_STOR_FILE"; SESSIONS_STORE_FILE is`, `"sessions_secret"; SESSIONS_SECRET is`, `"SESSIONS_IDEL_TIMEOUTS"; SESSIONS_IDLE_TIMEOUT is`}},
		"all at once": {env("SESSIONS_LIFETIME=soon", "SESSIONS_SECRT=hunter2", "SESSIONS_MAX_PER_OWNER=-3", "SESSIONS_SECRET=hunter2", "SESSIONS_OLD_SECRETS=hunter2", "SESSIONS_STORE_FILE=/no/hunter2", "SESSIONS_COOKIE_NAME=a b"),
			[]string{"SESSIONS_LIFETIME: must be", `"SESSIONS_SECRT"`, "SESSIONS_MAX_PER_OWNER: -3", "SESSIONS_SECRET: 7 bytes", "SESSIONS_OLD_SECRETS: number 1", "SESSIONS_STORE_FILE: no such file", "SESSIONS_COOKIE_NAME is \"a b\""}},
		"all at once in a file": {parse(`{"lifetime": "soon", "secert": "hunter2", "max_per_owner": -3, "secret": "hunter2"}`),
			[]string{"lifetime: must be", `"secert"`, "max_per_owner: -3", "secret: 7 bytes"}},
		"files": {env("SESSIONS_STORE_FILE="+t.TempDir(), "SESSIONS_SECRET_FILE="+write(t, "hunter2"), "SESSIONS_OLD_SECRETS_FILE="+write(t, "\n")),
			[]string{"SESSIONS_STORE_FILE: it is not a regular file", "SESSIONS_SECRET: 7 bytes", "SESSIONS_OLD_SECRETS_FILE: the file is empty"}},
		"a huge file": {env("SESSIONS_SECRET_FILE=" + write(t, strings.Repeat("s", 65<<10))), []string{"SESSIONS_SECRET_FILE: the file is too large"}},
		"a cookie": {env("SESSIONS_COOKIE_DOMAIN=http://hunter.example", "SESSIONS_COOKIE_PATH=x", "SESSIONS_COOKIE_SAME_SITE=none", "SESSIONS_COOKIE_INSECURE=1"),
			[]string{`SESSIONS_COOKIE_DOMAIN is "http://hunter.example"`, `SESSIONS_COOKIE_PATH is "x"`, "SESSIONS_COOKIE_SAME_SITE=None needs a secure cookie; unset SESSIONS_COOKIE_INSECURE"}},
		"wrong words":        {env("SESSIONS_COOKIE_SAME_SITE=hunter2", "SESSIONS_AT_MAX=hunter2"), []string{"SESSIONS_COOKIE_SAME_SITE: must be lax, strict or none", "SESSIONS_AT_MAX: must be end_oldest or refuse_log_in"}},
		"a file and a value": {options(middleware.Config{Secret: secretText, SecretFile: "hunter2"}), []string{"secret_file: secret is set too"}},
		"two lifetimes":      {options(middleware.Config{Lifetime: day, MaxAge: day}), []string{"max_age: it stands for lifetime, too"}},
		"wrong variables":    {env("SESSIONS_COOKIE_INSECURE=hunter2", "SESSIONS_MAX_AGE=soon", "SESSIONS_MAX_PER_OWNER=ten"), []string{"SESSIONS_COOKIE_INSECURE: must be true", "SESSIONS_MAX_AGE: must be", "SESSIONS_MAX_PER_OWNER: must be"}},
		"values": {options(middleware.Config{MaxAge: -2, Secret: "hunter2", CookieName: "a b", MaxPerOwner: -1, KeepEnded: 401 * day, IdleTimeout: 5, RotateEvery: day / (24 * 3600), SaveTimeout: 5, HoldBack: -1}),
			[]string{"max_age: -2ns; it must be positive", "secret: 7 bytes; make one with `openssl rand -base64 32`", `cookie_name is "a b"`, "max_per_owner: -1", "keep_ended: 401d; the longest is 400 days", "idle_timeout: 5ns; the shortest is a second", "rotate_every: 1s; the least is 1m", "save_timeout: 5ns; the shortest is a millisecond", "hold_back: -1"}},
		"the least secret":  {options(middleware.Config{Secret: secretText[1:]}), []string{"secret: 31 bytes"}},
		"old secrets":       {options(middleware.Config{Secret: secretText, OldSecrets: []string{earlierSecret, "hunter2"}}), []string{"old_secrets: number 2 has 7 bytes"}},
		"old secrets alone": {options(middleware.Config{OldSecrets: []string{earlierSecret}}), []string{"old_secrets: set secret too"}},
		"unsigned alone":    {options(middleware.Config{AcceptUnsigned: true}), []string{"accept_unsigned: set secret too"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := tt.get()
			if err == nil {
				t.Fatal("there is no error")
			}
			if lines := strings.Split(err.Error(), "\n"); len(lines) != len(tt.want) {
				t.Errorf("%d mistakes, want %d", len(lines), len(tt.want))
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say: %s\n%v", want, err)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows a secret: %v", err)
			}
		})
	}
}

func TestDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"0": 0, "3600": time.Hour, "90s": 90 * time.Second, "1h30m": 90 * time.Minute, "30d": 720 * time.Hour, "none": -1,
		"9223372037": 0, "200000000d": 0, "soon": 0, "": 0, "d": 0, "1.5d": 0, "3600 ": 0,
	} {
		var d middleware.Duration
		err := d.UnmarshalText([]byte(text))
		if ok := want != 0 || text == "0"; (err == nil) != ok || time.Duration(d) != want {
			t.Errorf("%q is read as %v, %v", text, time.Duration(d), err)
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(`{"max_age": 3600, "secret": "x"}`))
	f.Add([]byte(`{"idle_timeout": "none", "old_secrets": null, "cookie_insecure": true}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.Contains(data, []byte("_file")) {
			return // it could read what another program waits for
		}
		c, err := middleware.ParseConfig(data)
		if err != nil {
			return
		}
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := middleware.ParseConfig(text); err != nil || !reflect.DeepEqual(c, again) {
			t.Errorf("%s is read again as %s, %v", text, cmp.Diff(exported(c), exported(again)), err)
		}
	})
}
