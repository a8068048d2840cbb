package main

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
)

// hashRounds makes guessing slow (OWASP Password Storage Cheat Sheet, PBKDF2).
const hashRounds = 600_000

// A password is stored as a salted hash.
type password struct {
	salt   string
	hash   []byte
	rounds int
}

func newPassword(text string, rounds int) password {
	p := password{salt: rand.Text(), rounds: rounds}
	p.hash = p.hashOf(text)
	return p
}

func (p password) hashOf(text string) []byte {
	hash, err := pbkdf2.Key(sha256.New, text, []byte(p.salt), p.rounds, sha256.Size)
	if err != nil {
		panic(err) // only for parameters that FIPS 140 refuses
	}
	return hash
}

// accounts has each user's password.
type accounts map[string]password

// check reports whether it is the user's password. It takes as long for a user who
// does not exist, so that the time does not tell who has an account.
func (a accounts) check(user, text string) bool {
	p, ok := a[user]
	if !ok {
		p = noAccount
	}
	return subtle.ConstantTimeCompare(p.hash, p.hashOf(text)) == 1 && ok
}

var noAccount = password{salt: "none", rounds: hashRounds}
