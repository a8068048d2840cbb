package guides_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	goccy "github.com/goccy/go-yaml"
	yaml "gopkg.in/yaml.v3"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/middleware"
)

// libraries decode a document and refuse unknown keys.
var libraries = map[string]struct {
	unmarshal func(text string, c *sessions.Config) error
	marshal   func(any) ([]byte, error)
}{
	"gopkg.in/yaml.v3": {func(text string, c *sessions.Config) error {
		d := yaml.NewDecoder(strings.NewReader(text))
		d.KnownFields(true)
		return d.Decode(c)
	}, yaml.Marshal},
	"github.com/goccy/go-yaml": {func(text string, c *sessions.Config) error {
		return goccy.NewDecoder(strings.NewReader(text), goccy.Strict()).Decode(c)
	}, goccy.Marshal},
}

func TestYAML(t *testing.T) {
	const text = `
store: redis://localhost:6379/0
namespace: shop
cookie_name: sid
lifetime: 43200
idle_timeout: none
remember_lifetime: 30d
remember_idle_timeout: "90m"
max_per_owner: 7
secret: ssssssssssssssssssssssssssssssss
old_secrets: [oooooooooooooooooooooooooooooooo]
cookie_insecure: true
cookie_same_site: strict
at_max: refuse_log_in
rotate_every: 10m
device_bound_initiators: [a.example]
`
	want := sessions.Config{
		Store: "redis://localhost:6379/0", Namespace: "shop", CookieName: "sid",
		Lifetime: sessions.Duration(12 * time.Hour), IdleTimeout: -1,
		RememberLifetime: sessions.Duration(720 * time.Hour), RememberIdleTimeout: sessions.Duration(90 * time.Minute),
		MaxPerOwner: 7, Secret: strings.Repeat("s", 32), OldSecrets: []string{strings.Repeat("o", 32)}, CookieInsecure: true,
		CookieSameSite: middleware.SameSite(http.SameSiteStrictMode), AtMax: sessions.RefuseLogIn, RotateEvery: sessions.Duration(10 * time.Minute),
		DeviceBoundInitiators: []string{"a.example"},
	}
	for name, library := range libraries {
		t.Run(name, func(t *testing.T) {
			var c sessions.Config
			if err := library.unmarshal(text, &c); err != nil || !reflect.DeepEqual(c, want) {
				t.Fatalf("%v; equal: %v", err, reflect.DeepEqual(c, want))
			}
			out, err := library.marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			var again sessions.Config
			if err := library.unmarshal(string(out), &again); err != nil || !reflect.DeepEqual(again, want) {
				t.Errorf("%s is not read as it was: %v", out, err)
			}
			if err := library.unmarshal("max_age: soon\n", &c); err == nil || !strings.Contains(err.Error(), "24h or 30d") {
				t.Errorf("a wrong duration: %v", err)
			}
			if err := library.unmarshal("max-age: 3\n", &c); err == nil || !strings.Contains(err.Error(), "max-age") {
				t.Errorf("an unknown key: %v", err)
			}
		})
	}
}
