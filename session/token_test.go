package session_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

func TestTokenPrintsRedacted(t *testing.T) {
	token := session.NewToken(session.NewID())
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

// bytesOf returns the bytes of a token's secret.
func bytesOf(t *testing.T, token string) []byte {
	t.Helper()
	_, secret, _ := strings.Cut(token, ".")
	data, err := base64.RawURLEncoding.DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func hexOf(t *testing.T, token string) string { return fmt.Sprintf("%x", bytesOf(t, token)) }

func decimalOf(t *testing.T, token string) string {
	return strings.Trim(fmt.Sprint(bytesOf(t, token)), "[]")
}

// A token has 22 characters of its ID, a dot, and 43 of its secret, spelled in one way.
func TestParseTokenIsStrict(t *testing.T) {
	text := session.NewToken(session.NewID()).Reveal()
	id, secret, _ := strings.Cut(text, ".")
	if len(id) != 22 || len(secret) != 43 {
		t.Fatalf("the parts have %d and %d characters", len(id), len(secret))
	}
	bad := map[string]string{
		"empty": "", "short": text[:65], "long": text + "A", "padded": text + "=", "padding within": text[:65] + "=",
		"newline": text[:64] + "\n" + text[65:], "plus": "+" + text[1:], "slash": "/" + text[1:],
		"space": " " + text[1:], "NUL": "\x00" + text[1:], "quoted": `"` + text[:64] + `"`, "not ASCII": "é" + text[2:],
		"ID alone": id, "secret alone": secret, "without a dot": id + "A" + secret, "newline, spare bits zero": text[:64] + "\nA", "newlines in the ID": id[:20] + "\r\n." + secret,
		"with two dots":          id[:21] + ".." + secret,
		"with the dot elsewhere": id + secret[:1] + "." + secret[1:], "with the parts swapped": secret + "." + id,
	}
	spelled := func(ends string) (wrong []string) { // characters whose spare bits are not zero
		for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
			if !strings.ContainsRune(ends, c) {
				wrong = append(wrong, string(c))
			}
		}
		return wrong
	}
	for i, c := range spelled("AEIMQUYcgkosw048") {
		bad[fmt.Sprint("spare bits of the secret ", i)] = text[:65] + c
	}
	for i, c := range spelled("AQgw") {
		bad[fmt.Sprint("spare bits of the ID ", i)] = id[:21] + c + "." + secret
	}
	for name, text := range bad {
		if token, err := session.ParseToken(text); err == nil || !token.IsZero() {
			t.Errorf("%s: %q is taken for a token", name, text)
		} else if len(text) > 20 && strings.Contains(err.Error(), text) {
			t.Errorf("%s: the error shows the token: %v", name, err)
		}
	}
	token, err := session.ParseToken(text)
	if err != nil || token.Reveal() != text || token.IsZero() || token.ID().String() != id {
		t.Errorf("%v, %v", token, err)
	}
}

func TestTokenAndID(t *testing.T) {
	id := session.NewID()
	a, b := session.NewToken(id), session.NewToken(id)
	parsed, _ := session.ParseToken(a.Reveal())
	switch {
	case a.Equal(b), !a.Equal(parsed), a.Equal(session.Token{}), session.Token{}.Equal(a), !(session.Token{}).Equal(session.Token{}):
		t.Error("Equal is wrong")
	case a.ID() != id, b.ID() != id, parsed.ID() != id, id == session.NewID(), id.IsZero():
		t.Error("ID is wrong")
	case !session.Token{}.ID().IsZero(), session.Token{}.Reveal() != "":
		t.Error("the zero token is something")
	case session.NewSecrets(a) == session.NewSecrets(b):
		t.Error("two secrets have one hash")
	}
	if parsed, err := session.ParseID(id.String()); err != nil || parsed != id {
		t.Error(parsed, err)
	}
}

// Callers who answer forms need no case of their own for an ID that is none.
func TestParseIDIsStrict(t *testing.T) {
	text := session.NewID().String()
	for name, bad := range map[string]string{
		"empty": "", "short": text[:21], "long": text + "A", "garbage": "../" + text[3:], "spare bits": text[:21] + "B",
		"newline": text[:21] + "\n", "a token": session.NewToken(session.NewID()).Reveal(),
	} {
		id, err := session.ParseID(bad)
		if !id.IsZero() || !errors.Is(err, session.ErrNotFound) {
			t.Errorf("%s: %v, %v", name, id, err)
		}
	}
}

func FuzzParseToken(f *testing.F) {
	f.Add(session.NewToken(session.NewID()).Reveal())
	f.Add(strings.Repeat("A", len(session.NewToken(session.NewID()).Reveal())))
	f.Fuzz(func(t *testing.T, text string) {
		if token, err := session.ParseToken(text); err == nil && token.Reveal() != text {
			t.Errorf("%q is another spelling of %q", text, token.Reveal())
		}
	})
}
