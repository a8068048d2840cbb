package session_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

func TestTokenPrintsRedacted(t *testing.T) {
	token := session.NewToken()
	s := session.New(memstore.New[state](nil), nil)
	s.Update(increment)
	commit(t, s)
	own, _ := s.Token()
	type holder struct {
		Token  session.Token
		hidden session.Token
		ptr    *session.Token
	}
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("m", "token", token, "holder", holder{token, token, &token})
	asJSON, err := json.Marshal(holder{Token: token})
	if err != nil {
		t.Fatal(err)
	}
	out := []string{logged.String(), string(asJSON), token.String(), token.GoString()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%b", "%p", "%T"} {
		out = append(out, fmt.Sprintf(verb, token), fmt.Sprintf(verb, &token), fmt.Sprintf(verb, holder{token, token, &token}),
			fmt.Sprintf(verb, []session.Token{token}), fmt.Sprintf(verb, s))
	}
	out = append(out, fmt.Sprintf("%+v", fmt.Errorf("wrapped: %w", &session.DecodeError{ID: token.ID()})))
	for _, secret := range []session.Token{token, own} {
		raw := secret.Reveal()
		for _, text := range out {
			if strings.Contains(text, raw) || strings.Contains(text, hexOf(t, raw)) || strings.Contains(text, decimalOf(t, raw)) {
				t.Errorf("a token shows in %.200s…", text)
			}
		}
	}
	if !strings.Contains(fmt.Sprint(token), "redacted") || !strings.Contains(string(asJSON), "redacted") {
		t.Error("a token does not say that it is redacted")
	}
}

func bytesOf(t *testing.T, text string) []byte {
	t.Helper()
	id, err := session.ParseID(text) // the same alphabet and length
	if err != nil {
		t.Fatal(err)
	}
	return id[:]
}

func hexOf(t *testing.T, text string) string { return fmt.Sprintf("%x", bytesOf(t, text)) }

func decimalOf(t *testing.T, text string) string {
	return strings.Trim(fmt.Sprint(bytesOf(t, text)), "[]")
}

func TestParseTokenIsStrict(t *testing.T) {
	text := session.NewToken().Reveal()
	last := "AEIMQUYcgkosw048" // the spellings whose spare bits are zero
	var wrongLast strings.Builder
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		if !strings.ContainsRune(last, c) {
			wrongLast.WriteString(string(c))
		}
	}
	bad := map[string]string{
		"empty": "", "short": text[:42], "long": text + "A", "padded": text + "=", "padding within": text[:42] + "=",
		"newline": text[:41] + "\n" + text[42:], "plus": "+" + text[1:], "slash": "/" + text[1:],
		"space": " " + text[1:], "NUL": "\x00" + text[1:], "quoted": `"` + text[:41] + `"`, "not ASCII": "é" + text[2:],
	}
	for i, c := range wrongLast.String() {
		bad[fmt.Sprint("spare bits ", i)] = text[:42] + string(c)
	}
	for name, text := range bad {
		if token, err := session.ParseToken(text); err == nil || !token.IsZero() {
			t.Errorf("%s: %q is taken for a token", name, text)
		}
	}
	token, err := session.ParseToken(text)
	if err != nil || token.Reveal() != text || token.IsZero() {
		t.Errorf("%v, %v", token, err)
	}
}

func TestTokenAndID(t *testing.T) {
	a, b := session.NewToken(), session.NewToken()
	parsed, _ := session.ParseToken(a.Reveal())
	switch {
	case a.Equal(b), !a.Equal(parsed), a.Equal(session.Token{}), session.Token{}.Equal(a), !(session.Token{}).Equal(session.Token{}):
		t.Error("Equal is wrong")
	case a.ID() == b.ID(), a.ID() != parsed.ID(), a.ID().IsZero():
		t.Error("ID is wrong")
	case !session.Token{}.ID().IsZero(), session.Token{}.Reveal() != "":
		t.Error("the zero token is something")
	case strings.Contains(a.ID().String(), a.Reveal()):
		t.Error("the ID shows the token")
	}
	if id, err := session.ParseID(a.ID().String()); err != nil || id != a.ID() {
		t.Error(id, err)
	}
	if _, err := session.ParseID("x"); err == nil {
		t.Error("a wrong ID passes")
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add(session.NewToken().Reveal())
	f.Add(strings.Repeat("A", len(session.NewToken().Reveal())))
	f.Fuzz(func(t *testing.T, text string) {
		if token, err := session.ParseToken(text); err == nil && token.Reveal() != text {
			t.Errorf("%q is another spelling of %q", text, token.Reveal())
		}
	})
}
