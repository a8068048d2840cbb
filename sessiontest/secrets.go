package sessiontest

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/seed48429006/sessions/session"
)

// The form of [session.Secrets.AppendBinary]: a count of renewals and entries, the newest
// first, each with its kind, a time and a hash.
const (
	countBytes = 4
	entryBytes = 1 + 8 + 32
	mostBytes  = countBytes + 5*entryBytes
	kindEnded  = 4
)

// renewed returns the secrets that a log-in leaves behind: a new one, and all others
// ended a moment ago.
func renewed(id session.ID, s session.Secrets) (session.Secrets, error) {
	old, _ := s.AppendBinary(nil)
	fresh, _ := session.NewSecrets(session.NewToken(id)).AppendBinary(nil)
	if len(old) > 0 {
		binary.BigEndian.PutUint32(fresh, binary.BigEndian.Uint32(old)+1)
		for entry := range slices.Chunk(old[countBytes:], entryBytes) {
			entry[0] = kindEnded
			binary.BigEndian.PutUint64(entry[1:], uint64(time.Now().Add(30*time.Second).UnixMilli()))
			fresh = append(fresh, entry...)
		}
	}
	return session.ParseSecrets(fresh[:min(len(fresh), mostBytes)])
}
