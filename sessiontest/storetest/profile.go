package storetest

import "github.com/seed48429006/sessions/internal/test/profile"

// A Profile is the value that the suite stores: one field of every shape that the
// fields of a session commonly have.
type Profile = profile.Profile

// An Address is a part of a [Profile].
type Address = profile.Address
