package storetest

import (
	"reflect"
	"strings"
	"time"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/internal/profile"
)

var valueRules = []rule{
	{
		name:        "value-round-trip",
		explanation: "Load returns the Value that was saved: every field of every shape, nil and empty told apart.",
		try: func(t *trial) {
			for _, v := range []Profile{{}, profile.Empty(), profile.Full(), {Photo: make([]byte, 1<<12)}, {Name: strings.Repeat("ü", 1<<12)}} {
				rec := draft()
				rec.Value = v
				t.save(&rec)
				t.wantStored(rec)
			}
		},
	},
	{
		name:        "record-round-trip",
		explanation: "Load returns the record that was saved: its owner, whatever bytes that is, its times and whether it is remembered.",
		try: func(t *trial) {
			unique := newOwner()
			for i, owner := range []string{"", unique, unique + ":*?[x]", unique + "\x00\xff", "Zoë " + unique, strings.Repeat(unique, 10)} {
				rec := draft()
				rec.Owner, rec.Remembered = owner, i%2 == 0
				t.save(&rec)
				t.wantStored(rec)
			}
		},
	},
	{
		name:        "record-fields",
		explanation: "Save keeps every field of a record, when it creates and when it replaces.",
		try: func(t *trial) {
			rec := t.live()
			t.wantFields(rec)
			record := reflect.ValueOf(&rec).Elem()
			for i := range record.NumField() {
				if name := record.Type().Field(i).Name; name != "ID" && name != "Revision" {
					t.change(record.Field(i).Addr().Interface())
					t.save(&rec)
					t.wantFields(rec)
				}
			}
		},
	},
	{
		name:        "record-secrets",
		explanation: "Load returns the Secrets that were saved, from one entry to as many as there may be.",
		try: func(t *trial) {
			rec := t.live()
			data, _ := rec.Secrets.AppendBinary(nil)
			data[0], data[3] = 0x80, 0xff // many renewals
			for more, err := session.ParseSecrets(data); err == nil; more, err = session.ParseSecrets(data) {
				rec.Secrets = more
				t.save(&rec)
				t.wantStored(rec)
				one, _ := newSecrets().AppendBinary(nil)
				data = append(data, one[4:]...) // what comes after the count is one entry
			}
		},
	},
	{
		name:        "record-not-logged-in",
		explanation: "Load returns a zero LoggedIn and a zero Deadline as they were saved.",
		try: func(t *trial) {
			rec := draft()
			rec.LoggedIn, rec.Deadline, rec.Owner = time.Time{}, time.Time{}, ""
			t.save(&rec)
			t.wantStored(rec)
		},
	},
	{
		name:        "record-times",
		explanation: "A loaded record's times are in UTC and whole milliseconds.",
		try: func(t *trial) {
			rec := t.live()
			rec = t.load(rec.ID)
			for name, at := range map[string]time.Time{
				"Created": rec.Created, "Renewed": rec.Renewed, "LoggedIn": rec.LoggedIn, "Deadline": rec.Deadline, "Expires": rec.Expires,
			} {
				if at.Location() != time.UTC || !at.Equal(at.Truncate(time.Millisecond)) {
					t.Fatalf("%s is %v", name, at)
				}
			}
		},
	},
	{
		name:        "value-saved-untouched",
		explanation: "The store never writes to a Value that was saved.",
		try: func(t *trial) {
			rec := draft()
			for range 3 {
				t.save(&rec)
				t.load(rec.ID)
				if diff := difference(profile.Full(), rec.Value); diff != "" {
					t.Fatalf("the saved value changed (-want +got):\n%s", diff)
				}
			}
		},
	},
	{
		name:        "value-loaded-untouched",
		explanation: "The store never writes to a Value that was loaded: later writes of the record do not show in it.",
		try: func(t *trial) {
			rec := t.live()
			loaded := t.load(rec.ID)
			for _, v := range []Profile{{Tags: []string{"x", "y", "z"}, Referrer: &Profile{Name: "Eve"}}, profile.Empty()} {
				rec.Value = v
				t.save(&rec)
				t.wantStored(rec)
			}
			t.end(rec)
			if diff := difference(profile.Full(), loaded.Value); diff != "" {
				t.Fatalf("the loaded value changed (-want +got):\n%s", diff)
			}
		},
	},
}

var loadRules = []rule{
	{
		name:        "load-absent",
		explanation: "Load returns ErrNotFound and Exists false when the ID is absent.",
		basic:       true,
		try: func(t *trial) {
			t.wantAbsent(newID())
			t.wantAbsent(session.ID{})
		},
	},
	{
		name:        "load-writes-nothing",
		explanation: "Load and Exists write nothing: neither the revision nor the time of expiry changes.",
		try: func(t *trial) {
			rec := t.live()
			for range 3 {
				t.wantStored(rec)
			}
			rec.Value.Visits++
			t.save(&rec)

			short := t.shortLived()
			for range 3 {
				t.store.Load(t.Context(), short.ID)
				t.store.Exists(t.Context(), short.ID)
			}
			t.pass()
			t.wantAbsent(short.ID)
		},
	},
}

// wantFields checks the fields of a record one by one. None may be zero: a store that
// drops it would not be found out.
func (t *trial) wantFields(want record) {
	t.Helper()
	got := t.load(want.ID)
	for i, field := range reflect.VisibleFields(reflect.TypeFor[record]()) {
		value := reflect.ValueOf(want).Field(i)
		if field.Type.Kind() != reflect.Bool && value.IsZero() {
			t.Fatalf("the suite stores no %s", field.Name)
		}
		if diff := difference(value.Interface(), reflect.ValueOf(got).Field(i).Interface()); diff != "" {
			t.Fatalf("the stored %s is not as it was saved (-want +got):\n%s", field.Name, diff)
		}
	}
}

// change sets a field of a record to another value.
func (t *trial) change(field any) {
	t.Helper()
	switch f := field.(type) {
	case *string:
		*f += "x"
	case *bool:
		*f = !*f
	case *time.Time:
		*f = f.Add(-time.Minute)
	case *session.Secrets:
		*f = newSecrets()
	case *Profile:
		*f = Profile{Name: "another"}
	default:
		t.Fatalf("the suite cannot change a %T", field)
	}
}
