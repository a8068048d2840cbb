package guides_test

import (
	"testing"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/golang-jwt/jwt/v5"
	"github.com/markbates/goth"
	"golang.org/x/oauth2"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/docs/guides"
	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/stores/memstore"
)

var expiry = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func identity() (i guides.Identity) {
	i.Subject, i.IDToken = "ada", "raw"
	i.Token.Set(oauth2.Token{AccessToken: "a", RefreshToken: "r", TokenType: "Bearer", Expiry: expiry})
	i.Claims.Set(map[string]any{"sub": "ada", "roles": []any{"admin"}, "exp": 1767323045.0})
	i.Access.Set(jwt.MapClaims{"sub": "ada", "aud": []any{"api"}})
	i.Social.Set(goth.User{UserID: "ada", RawData: map[string]any{"id": 1.0}, ExpiresAt: expiry})
	i.Passkey.Set(webauthn.SessionData{Challenge: "c", UserID: []byte{1}, AllowedCredentialIDs: [][]byte{{2}}, Expires: expiry, UserVerification: protocol.VerificationPreferred})
	return i
}

// Values of other packages come back as they were, by every codec.
func TestValuesOfOtherPackages(t *testing.T) {
	if _, err := sessions.New(memstore.New[guides.Identity](nil), nil); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]codec.Codec[guides.Identity]{"MessagePack": codec.MessagePack[guides.Identity](), "JSON": codec.JSON[guides.Identity]()} {
		t.Run(name, func(t *testing.T) {
			if err := c.(codec.Checker).Check(); err != nil {
				t.Fatal(err)
			}
			want := identity()
			data, err := c.Append(nil, &want)
			var got guides.Identity
			if err == nil {
				err = c.Decode(data, &got)
			}
			if err != nil || got != want {
				t.Errorf("got %+v and error %v, want %+v", got, err, want)
			}
			if token := got.Token.Get(); token.AccessToken != "a" || !token.Expiry.Equal(expiry) {
				t.Errorf("the token is %+v", token)
			}
			if state := got.Passkey.Get(); state.Challenge != "c" || state.UserVerification != protocol.VerificationPreferred {
				t.Errorf("the ceremony is %+v", state)
			}
		})
	}
}

type passkeyUser struct{}

func (passkeyUser) WebAuthnID() []byte          { return []byte("ada") }
func (passkeyUser) WebAuthnName() string        { return "ada" }
func (passkeyUser) WebAuthnDisplayName() string { return "Ada" }
func (passkeyUser) WebAuthnCredentials() []webauthn.Credential {
	return []webauthn.Credential{{ID: []byte{1}}}
}

// The state of a ceremony works once, also when the answer was wrong.
func TestAPasskeyCeremonyWorksOnce(t *testing.T) {
	w, err := webauthn.New(&webauthn.Config{RPID: "example.com", RPDisplayName: "Example", RPOrigins: []string{"https://example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	s := session.New(memstore.New[guides.Identity](nil), nil)
	options, err := guides.BeginPasskey(s, w, passkeyUser{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if kept := s.Value().Passkey.Get(); kept.Challenge != options.Response.Challenge.String() {
		t.Errorf("the session keeps the challenge %q, want %q", kept.Challenge, options.Response.Challenge)
	}
	if guides.EndPasskey(s, w, passkeyUser{}, &protocol.ParsedCredentialAssertionData{}) == nil {
		t.Error("an empty answer is taken")
	}
	if v := s.Value(); !v.Passkey.IsZero() || v.Subject != "" {
		t.Errorf("after a wrong answer, the session is %+v", v)
	}
}
