package middleware_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/middleware"
)

// A print or a log of a value shows none of its secrets. Package fmt looks into a
// manager in a field that is not exported, so a manager keeps no secret there.
func TestSecretsArePrintedNowhere(t *testing.T) {
	t.Parallel()
	const secret = "correct-horse-battery-staple-1234"
	const password = "hunter2"
	options := middleware.Options{Secrets: [][]byte{[]byte(secret)}}
	config := middleware.Config{Secret: secret, Store: "redis://:" + password + "@localhost/0"}
	m, err := middleware.New(newStore(), &options)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		value any
		want  string // empty: anything but a secret
	}{
		"a manager":            {m, "sessions.Manager[middleware_test.cart]"},
		"no manager":           {(*middleware.Manager[cart])(nil), "sessions.Manager[middleware_test.cart]"},
		"a manager's content":  {reflect.ValueOf(m).Elem(), ""},
		"options":              {options, "sessions.Options"},
		"a pointer to options": {&options, "sessions.Options"},
		"a configuration":      {config, "sessions.Config"},
		"a pointer to one":     {&config, "sessions.Config"},
		"exported fields": {struct {
			M *middleware.Manager[cart]
			O middleware.Options
			C middleware.Config
		}{m, options, config}, ""},
		"a field that is not exported": {struct{ m *middleware.Manager[cart] }{m}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			check := func(how, text string, whole bool) {
				t.Helper()
				for _, hidden := range []string{secret, password} {
					if strings.Contains(text, hidden) || strings.Contains(strings.ToLower(text), hex.EncodeToString([]byte(hidden))) ||
						strings.Contains(text, strings.Trim(fmt.Sprint([]byte(hidden)), "[]")) || strings.Contains(text, fmt.Sprintf("%#v", []byte(hidden))) {
						t.Errorf("%s: %s", how, text)
					}
				}
				if whole && test.want != "" && text != test.want || !strings.Contains(text, test.want) {
					t.Errorf("%s: %s, want %s", how, text, test.want)
				}
			}
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%t"} {
				check(verb, fmt.Sprintf(verb, test.value), true)
			}
			var text, json bytes.Buffer
			slog.New(slog.NewTextHandler(&text, nil)).Info("start", "value", test.value)
			check("slog's text", text.String(), false)
			if test.want != "" {
				slog.New(slog.NewJSONHandler(&json, nil)).Info("start", "value", test.value)
				check("slog's JSON", json.String(), false)
			}
		})
	}
}
