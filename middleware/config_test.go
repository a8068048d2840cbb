package middleware_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/session"
)

var (
	secretText    = strings.Repeat("s", 32)
	earlierSecret = strings.Repeat("o", 40)
)

// wholeConfig has every field set.
var wholeConfig = middleware.Config{
	Store: "redis://localhost:6379/0", Namespace: "shop", CookieName: "sid",
	MaxAge: middleware.Duration(12 * time.Hour), IdleTimeout: -1,
	Remember: middleware.Duration(720 * time.Hour), RememberIdleTimeout: middleware.Duration(90 * time.Minute),
	MaxPerOwner: 7, Secret: secretText, OldSecrets: []string{earlierSecret}, Dev: true,
}

func TestConfigOptions(t *testing.T) {
	t.Parallel()
	o, store, err := wholeConfig.Options()
	want := &middleware.Options{
		Lifetime: 12 * time.Hour, IdleTimeout: -1, MaxPerOwner: 7,
		Remember: session.Remember{Lifetime: 720 * time.Hour, IdleTimeout: 90 * time.Minute},
		Cookie:   middleware.Cookie{Name: "sid", Insecure: true},
		Secrets:  [][]byte{[]byte(secretText), []byte(earlierSecret)},
	}
	if err != nil || store != "redis://localhost:6379/0" || !reflect.DeepEqual(o, want) {
		t.Errorf("%q, %v", store, err)
	}
	if _, store, err := (middleware.Config{}).Options(); store != "memory:" || err != nil {
		t.Errorf("the zero Config gives %q, %v", store, err)
	}
}

func TestParseConfig(t *testing.T) {
	t.Parallel()
	c, err := middleware.ParseConfig([]byte(`{
		"store": "redis://localhost:6379/0", "namespace": "shop", "cookie_name": "sid",
		"max_age": 43200, "idle_timeout": "none", "remember": "30d", "remember_idle_timeout": "1h30m",
		"max_per_owner": 7, "secret": "` + secretText + `", "old_secrets": ["` + earlierSecret + `"], "dev": true
	}`))
	if err != nil || !reflect.DeepEqual(c, wholeConfig) {
		t.Errorf("err %v, diff %s", err, cmp.Diff(fields(c), fields(wholeConfig)))
	}
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := middleware.ParseConfig(text); err != nil || !reflect.DeepEqual(c, again) {
		t.Errorf("%s is read as %s, %v", text, cmp.Diff(fields(c), fields(again)), err)
	}
}

func TestConfigFromEnv(t *testing.T) {
	t.Parallel()
	c, err := middleware.ConfigFromEnv([]string{
		"HOME=/root", "SESSIONS_STORE=redis://localhost:6379/0", "SESSIONS_NAMESPACE=shop", "SESSIONS_COOKIE_NAME=sid",
		"SESSIONS_MAX_AGE=43200", "SESSIONS_IDLE_TIMEOUT=none", "SESSIONS_REMEMBER=30d", "SESSIONS_REMEMBER_IDLE_TIMEOUT=90m",
		"SESSIONS_MAX_PER_OWNER=7", "SESSIONS_SECRET=" + secretText, "SESSIONS_OLD_SECRETS=" + earlierSecret, "SESSIONS_DEV=1",
	})
	if err != nil || !reflect.DeepEqual(c, wholeConfig) {
		t.Errorf("err %v, diff %s", err, cmp.Diff(fields(c), fields(wholeConfig)))
	}
	c, err = middleware.ConfigFromEnv([]string{"SESSIONS_SECRET=", "SESSIONS_TYPO=", "SESSIONS_OLD_SECRETS=a, b"})
	if err != nil || c.Secret != "" || !reflect.DeepEqual(c.OldSecrets, []string{"a", "b"}) {
		t.Errorf("%q, %v", c.OldSecrets, err)
	}
}

// fields returns the fields of a Config, which cmp and fmt would print by its name.
func fields(c middleware.Config) map[string]any {
	v, all := reflect.ValueOf(c), map[string]any{}
	for i := range v.NumField() {
		all[v.Type().Field(i).Name] = fmt.Sprint(v.Field(i))
	}
	return all
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
		"unknown keys":     {parse(`{"max-age": 3, "secrte": "hunter2"}`), []string{`unknown key "max-age"; there are store, namespace`, `unknown key "secrte"`}},
		"wrong kinds":      {parse(`{"max_age": "1 hour", "secret": 7, "dev": "hunter2", "max_per_owner": 1.5, "old_secrets": "hunter2"}`), []string{"max_age: must be a number of seconds, or a number with a unit", "secret: must be a string", "dev: must be true or false", "max_per_owner: must be a whole number", "old_secrets: must be a list of strings"}},
		"a duration in []": {parse(`{"max_age": [1]}`), []string{"max_age: must be a number"}},
		"a key twice":      {parse(`{"dev": true, "dev": false}`), []string{"dev: is there twice"}},
		"no object":        {parse(`["hunter2"]`), []string{"not a JSON object"}},
		"no JSON":          {parse(`{"secret": hunter2}`), []string{"not valid JSON, near byte"}},
		"cut off":          {parse(`{"secret": "x"`), []string{"not valid JSON"}},
		"more behind":      {parse(`{} hunter2`), []string{"not valid JSON"}},
		"unknown variable": {env("SESSIONS_URL=hunter2", "SESSIONS_MAXAGE=3"), []string{`unknown variable "SESSIONS_URL"; there are SESSIONS_STORE`, `"SESSIONS_MAXAGE"`}},
		"wrong variables":  {env("SESSIONS_DEV=hunter2", "SESSIONS_MAX_AGE=soon", "SESSIONS_MAX_PER_OWNER=ten"), []string{"SESSIONS_DEV: must be true", "SESSIONS_MAX_AGE: must be", "SESSIONS_MAX_PER_OWNER: must be"}},
		"values": {options(middleware.Config{MaxAge: -2, Secret: "hunter2", CookieName: "a b", MaxPerOwner: -1, Remember: 401 * day, IdleTimeout: 5}),
			[]string{"max_age: -2ns; it must be positive", "secret: 7 bytes; make one with `openssl rand -base64 32`", `cookie_name: "a b"`, "max_per_owner: -1", "remember: 401d; the longest is 400 days", "idle_timeout: 5ns; the shortest is a second"}},
		"the least secret":     {options(middleware.Config{Secret: secretText[1:]}), []string{"secret: 31 bytes"}},
		"old secrets":          {options(middleware.Config{Secret: secretText, OldSecrets: []string{earlierSecret, "hunter2"}}), []string{"old_secrets: number 2 has 7 bytes"}},
		"old secrets alone":    {options(middleware.Config{OldSecrets: []string{earlierSecret}}), []string{"old_secrets: set secret too"}},
		"unsigned alone":       {options(middleware.Config{AcceptUnsigned: true}), []string{"accept_unsigned: set secret too"}},
		"remembering no times": {options(middleware.Config{RememberIdleTimeout: day}), []string{"remember_idle_timeout: set remember too"}},
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
	f.Add([]byte(`{"idle_timeout": "none", "old_secrets": null, "dev": true}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := middleware.ParseConfig(data)
		if err != nil {
			return
		}
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := middleware.ParseConfig(text); err != nil || !reflect.DeepEqual(c, again) {
			t.Errorf("%s is read again as %s, %v", text, cmp.Diff(fields(c), fields(again)), err)
		}
	})
}
