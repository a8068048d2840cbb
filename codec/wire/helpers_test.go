package wire_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/session"
)

// expiresOffset is where a record has its expiry.
const expiresOffset = 10

type item struct {
	SKU   string
	Count int
}

type cart struct {
	Customer string
	Items    []item
}

// failing is refused by every codec.
type failing struct{}

var errFailing = errors.New("no luck")

func (failing) MarshalText() ([]byte, error) { return nil, errFailing }
func (*failing) UnmarshalText([]byte) error  { return errFailing }

var start = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

func record() session.Record[cart] {
	return session.Record[cart]{
		ID:       session.NewToken().ID(),
		Revision: 0x1122334455667788,
		Owner:    "customer-4711",
		Created:  start,
		Renewed:  start.Add(time.Minute),
		Deadline: start.Add(24 * time.Hour),
		Expires:  start.Add(time.Hour),
		Persist:  true,
		Value:    tenItems(),
	}
}

func tenItems() cart {
	c := cart{Customer: "customer-4711"}
	for i := range 10 {
		c.Items = append(c.Items, item{fmt.Sprintf("sku-%04d", i), i})
	}
	return c
}

func appendRecord(tb testing.TB, rec session.Record[cart]) []byte {
	tb.Helper()
	data, err := wire.AppendRecord(nil, &rec, rec.Revision, codec.MessagePack[cart]())
	if err != nil {
		tb.Fatal(err)
	}
	return data
}
