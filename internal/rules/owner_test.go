package rules_test

import (
	"testing"

	"github.com/seed48429006/sessions/internal/rules"
)

type (
	misspelt  struct{}
	misplaced struct{}
	shouting  struct{}
	other     struct{}
)

func (misspelt) SesionOwner() string        { return "" }
func (*misplaced) SessionOwners() string    { return "" }
func (shouting) SESSIONOWNER() string       { return "" }
func (other) SessionType() string           { return "" }
func (other) SessionOwnr(name string) error { return nil }

func TestOwnerHint(t *testing.T) {
	for name, tt := range map[string]struct{ got, want string }{
		"a letter missing":    {rules.OwnerHint[misspelt](), "; did you mean its SesionOwner?"},
		"a letter more":       {rules.OwnerHint[misplaced](), "; did you mean its SessionOwners?"},
		"in capitals":         {rules.OwnerHint[shouting](), "; did you mean its SESSIONOWNER?"},
		"another method":      {rules.OwnerHint[other](), ""},
		"no method of a type": {rules.OwnerHint[int](), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.got != tt.want {
				t.Errorf("got %q, want %q", tt.got, tt.want)
			}
		})
	}
}
