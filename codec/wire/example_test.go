package wire_test

import (
	"fmt"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/session"
)

func ExampleAppendRecord() {
	rec := session.Record[string]{ID: session.NewID(), Owner: "ada", Value: "hello"}
	data, err := wire.AppendRecord(nil, &rec, 1, codec.JSON[string]())
	fmt.Printf("%q %v\n", data[wire.HeaderSize:], err)
	// Output: "ada\"hello\"" <nil>
}

// A store asks whether the secrets of a record are those of a visitor before it
// decodes the value.
func ExampleOpenRecord() {
	token := session.NewToken(session.NewID())
	rec := session.Record[string]{ID: token.ID(), Secrets: session.NewSecrets(token), Value: "hello"}
	data, err := wire.AppendRecord(nil, &rec, 1, codec.JSON[string]())
	if err != nil {
		fmt.Println(err)
		return
	}
	got, err := wire.OpenRecord(data, rec.ID, codec.JSON[string](), func(session.Secrets) bool { return false })
	fmt.Printf("%q %v %v\n", got.Value, got.Secrets, err)
	// Output: "" current <nil>
}

// A store reads a header alone to learn when a session ends, or to end one whose
// value it cannot decode.
func ExampleReadHeader() {
	rec := session.Record[string]{Owner: "ada", Expires: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	data, err := wire.AppendRecord(nil, &rec, 7, codec.JSON[string]())
	if err != nil {
		fmt.Println(err)
		return
	}
	h, err := wire.ReadHeader(data[:wire.HeaderSize])
	fmt.Println(h.Revision, h.Expires, err)
	fmt.Println(h.Owner(data[:h.Size()]))
	// Output:
	// 7 2026-01-02 03:04:05 +0000 UTC <nil>
	// ada <nil>
}

// A store that only moves the time of expiry leaves the rest of a record as it is.
func ExampleAppendExpires() {
	rec := session.Record[string]{Value: "hello"}
	data, err := wire.AppendRecord(nil, &rec, 1, codec.JSON[string]())
	if err != nil {
		fmt.Println(err)
		return
	}
	later := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	copy(data[expiresOffset:], wire.AppendExpires(nil, later))

	got, err := wire.DecodeRecord(data, session.ID{}, codec.JSON[string]())
	fmt.Println(got.Expires, got.Value, err)
	// Output: 2026-01-02 03:04:05 +0000 UTC hello <nil>
}

func ExampleDecodeRecord() {
	c := codec.JSON[string]()
	rec := session.Record[string]{ID: session.NewID(), Owner: "anna", Value: "hello"}

	data, err := wire.AppendRecord(nil, &rec, 1, c)
	if err != nil {
		fmt.Println(err)
		return
	}
	got, err := wire.DecodeRecord(data, rec.ID, c)
	fmt.Println(got.Owner, got.Value, err)

	data[len(data)-2] ^= 1
	_, err = wire.DecodeRecord(data, session.ID{}, c)
	fmt.Println(err)
	// Output:
	// anna hello <nil>
	// session: record AAAAAAAAAAAAAAAAAAAAAA cannot be read: wire: the record is corrupt or not of type string: its checksum is wrong; was the type renamed? See codec.Versioned
}
