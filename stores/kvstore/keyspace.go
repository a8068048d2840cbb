package kvstore

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/seed48429006/sessions/session"
)

// A keyspace makes the keys of one namespace.
type keyspace struct{ prefix string }

// maxNamespace leaves room for the rest of a key within 200 bytes.
const maxNamespace = 100

// record returns where the session's record is.
func (k keyspace) record(id session.ID) string { return k.records() + id.String() }

func (k keyspace) records() string { return k.prefix + "s." }

// note returns where it is noted that the session has an owner.
func (k keyspace) note(owner string, id session.ID) string { return k.notes(owner) + id.String() }

// notes returns the prefix of the notes of an owner. It does not show the owner.
func (k keyspace) notes(owner string) string {
	sum := sha256.Sum256([]byte(owner))
	return k.allNotes() + base64.RawURLEncoding.EncodeToString(sum[:]) + "."
}

func (k keyspace) allNotes() string { return k.prefix + "o." }

// idOf returns the ID of a key that is the prefix and an ID. Others are not the store's.
func idOf(key, prefix string) (id session.ID, ok bool) {
	text, ok := strings.CutPrefix(key, prefix)
	if !ok {
		return id, false
	}
	id, err := session.ParseID(text)
	return id, err == nil
}

func checkNamespace(namespace string) error {
	if namespace == "" {
		return errors.New("kvstore: the namespace is empty")
	}
	if len(namespace) > maxNamespace {
		return fmt.Errorf("kvstore: the namespace has %d characters, of at most %d", len(namespace), maxNamespace)
	}
	for _, r := range namespace {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
		default:
			return fmt.Errorf("kvstore: the namespace has a %q; letters, digits, - and _ are allowed", r)
		}
	}
	return nil
}
