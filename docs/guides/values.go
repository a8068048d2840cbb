package guides

import (
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/golang-jwt/jwt/v5"
	"github.com/markbates/goth"
	"golang.org/x/oauth2"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/codec"
)

// An Identity is the session of a visitor whom a provider has identified.
type Identity struct {
	Subject string
	Token   codec.Encoded[oauth2.Token]
	IDToken string // an extra field of the token, which its JSON leaves out
	Claims  codec.Encoded[map[string]any]
	Access  codec.Encoded[jwt.MapClaims]
	Social  codec.Encoded[goth.User]
	Passkey codec.Encoded[webauthn.SessionData]
}

func (i Identity) SessionOwner() string { return i.Subject }

// LogInWithTokens logs a visitor in by what an OpenID provider sent.
func LogInWithTokens(s *sessions.Session[Identity], token *oauth2.Token, id *oidc.IDToken) error {
	var claims map[string]any
	if err := id.Claims(&claims); err != nil {
		return err
	}
	raw, _ := token.Extra("id_token").(string)
	s.LogIn(func(i *Identity) {
		i.Subject, i.IDToken = id.Subject, raw
		i.Token.Set(*token)
		i.Claims.Set(claims)
	})
	return nil
}

// BeginPasskey begins a ceremony, whose state stays in the session.
func BeginPasskey(s *sessions.Session[Identity], w *webauthn.WebAuthn, user webauthn.User) (*protocol.CredentialAssertion, error) {
	options, state, err := w.BeginLogin(user)
	if err != nil {
		return nil, err
	}
	s.Update(func(i *Identity) { i.Passkey.Set(*state) })
	return options, nil
}

// EndPasskey ends the ceremony. Its state works once.
func EndPasskey(s *sessions.Session[Identity], w *webauthn.WebAuthn, user webauthn.User, answer *protocol.ParsedCredentialAssertionData) error {
	state := sessions.Take(s, func(i *Identity) *codec.Encoded[webauthn.SessionData] { return &i.Passkey })
	if _, err := w.ValidateLogin(user, state.Get(), answer); err != nil {
		return err
	}
	s.LogIn(func(i *Identity) { i.Subject = string(user.WebAuthnID()) })
	return nil
}
