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
	Name  string
	Count int
	Price int64
}

type cart struct {
	Customer string
	Items    []item
	Notices  []string
	Since    time.Time
}

// failing is refused by every codec.
type failing struct{}

var errFailing = errors.New("no luck")

func (failing) MarshalText() ([]byte, error) { return nil, errFailing }
func (*failing) UnmarshalText([]byte) error  { return errFailing }

var start = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)

func record() session.Record[cart] {
	token := session.NewToken(session.NewID())
	return session.Record[cart]{
		ID:         token.ID(),
		Revision:   0x1122334455667788,
		Secrets:    session.NewSecrets(token),
		Owner:      "customer-4711",
		Created:    start,
		Renewed:    start.Add(time.Minute),
		LoggedIn:   start.Add(time.Second),
		Deadline:   start.Add(24 * time.Hour),
		Expires:    start.Add(time.Hour),
		Remembered: true,
		Value:      tenItems(),
	}
}

func tenItems() cart {
	c := cart{Customer: "customer-4711", Since: time.Date(2026, 5, 4, 3, 2, 1, 987654321, time.UTC)}
	for i := range 10 {
		c.Items = append(c.Items, item{fmt.Sprintf("sku-%04d", i), "a thing of some name", i, int64(i) * 199})
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
