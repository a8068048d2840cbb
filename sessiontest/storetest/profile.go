package storetest

import (
	"iter"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/internal/profile"
)

// A Profile is the value that the suite stores: one field of every shape that the
// fields of a session commonly have.
type Profile = profile.Profile

// An Address is a part of a [Profile].
type Address = profile.Address

type (
	record  = session.Record[Profile]
	records = iter.Seq2[record, error]
)
