package memstore

import "github.com/seed48429006/sessions/session"

// A marker stands for a session that was renewed.
type marker struct {
	id        session.ID
	successor session.ID
	until     int64 // in Unix milliseconds
	nextByID  *marker
	pos       int32 // where it is in its queue
}

// byMarkedID are the links of a shard's table of markers.
type byMarkedID struct{}

func (byMarkedID) hash(m *marker) uint64   { return hashID(m.id) }
func (byMarkedID) next(m *marker) **marker { return &m.nextByID }

func (m *marker) end() int64 { return m.until }

func (m *marker) index() *int32 { return &m.pos }

func (m *marker) ended(now int64) bool { return now >= m.until }
