package wire_test

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/codec/internal/forge"
	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/session"
)

func FuzzDecodeRecord(f *testing.F) {
	f.Add(appendRecord(f, record()))
	f.Add(appendRecord(f, session.Record[cart]{Revision: 1}))
	f.Add(appendRecord(f, session.Record[cart]{Revision: 1, Renewed: time.UnixMilli(math.MinInt64 + 1)}))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, data := range [][]byte{data, forge.Checksum[cart](bytes.Clone(data))} {
			checkHeader(t, data)
			rec, err := wire.DecodeRecord(data, session.ID{}, codec.MessagePack[cart]())
			if err != nil {
				continue
			}
			rewritten, err := wire.AppendRecord(nil, &rec, rec.Revision, codec.MessagePack[cart]())
			if err != nil {
				t.Fatalf("what was read cannot be written: %v", err)
			}
			h, err := wire.ReadHeader(data)
			if err != nil {
				t.Fatalf("the record was read, its header: %v", err)
			}
			if !bytes.Equal(rewritten[:50], data[:50]) || !bytes.Equal(rewritten[54:h.Size()], data[54:h.Size()]) {
				t.Fatalf("read\n%x, wrote\n%x", data, rewritten)
			}
		}
	})
}

// checkHeader checks that a header has an owner and secrets only if data has them.
func checkHeader(t *testing.T, data []byte) {
	t.Helper()
	h, err := wire.ReadHeader(data)
	if err != nil {
		return
	}
	owner, err := h.Owner(data)
	if whole := len(data) >= h.Size(); whole != (err == nil) {
		t.Fatalf("%x: got owner %q and error %v", data, owner, err)
	}
	secrets, err := h.Secrets(data)
	if err != nil {
		return
	}
	kept, err := secrets.AppendBinary(nil)
	if err != nil || !bytes.Equal(data[wire.HeaderSize+len(owner):h.Size()], kept) {
		t.Fatalf("%x: got secrets %x and error %v", data, kept, err)
	}
}
