package inspector

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/session"
)

// A row is a session as the pages show it.
type row struct {
	ID                session.ID
	Owner             string
	Created, Renewed  time.Time
	LastUsed          time.Time
	LoggedIn          time.Time // zero for a session without an owner
	Expires, Deadline time.Time
	Remembered, Bound bool
	Size              int // of the value in MessagePack; -1 if it is unknown
	Unreadable        bool
}

func (p *pages[T]) rowOf(rec *session.Record[T]) row {
	return row{ID: rec.ID, Owner: rec.Owner, LastUsed: p.manager.LastUsed(*rec), Created: rec.Created, Renewed: rec.Renewed, LoggedIn: rec.LoggedIn,
		Expires: rec.Expires, Deadline: rec.Deadline, Remembered: rec.Remembered, Bound: rec.Bound(), Size: sizeOf(&rec.Value)}
}

// sizeOf returns how many bytes the value has in MessagePack, or -1 if that codec
// does not take it.
func sizeOf[T any](v *T) int {
	data, err := codec.MessagePack[T]().Append(nil, v)
	if err != nil {
		return -1
	}
	return len(data)
}

// text returns the value in JSON, or as package fmt prints it if JSON has no form
// for it.
func text[T any](v *T) string {
	var indented bytes.Buffer
	data, err := codec.JSON[T]().Append(nil, v)
	if err == nil {
		err = json.Indent(&indented, data, "", "  ")
	}
	if err != nil {
		return fmt.Sprintf("%+v", *v)
	}
	return indented.String()
}
