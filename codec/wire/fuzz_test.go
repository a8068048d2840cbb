package wire_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/internal/test/forge"
	"github.com/seed48429006/sessions/session"
)

func FuzzDecodeRecord(f *testing.F) {
	f.Add(appendRecord(f, record()))
	f.Add(wire.AppendRetired(nil, 1, session.ID{7}))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, data := range [][]byte{data, forge.Checksum[cart](bytes.Clone(data))} {
			rec, err := wire.DecodeRecord(data, session.ID{}, codec.MessagePack[cart]())
			if retired, ok := errors.AsType[*session.RetiredError](err); ok {
				checkRetired(t, data, retired)
			}
			if err != nil {
				continue
			}
			rewritten, err := wire.AppendRecord(nil, &rec, rec.Revision, codec.MessagePack[cart]())
			if err != nil {
				t.Fatalf("what was read cannot be written: %v", err)
			}
			if head := wire.HeaderSize + len(rec.Owner); !bytes.Equal(rewritten[:42], data[:42]) || !bytes.Equal(rewritten[46:head], data[46:head]) {
				t.Fatalf("read\n%x, wrote\n%x", data, rewritten)
			}
		}
	})
}

// checkRetired checks that data is the retired record that gave a RetiredError.
func checkRetired(t *testing.T, data []byte, retired *session.RetiredError) {
	t.Helper()
	h, err := wire.ReadHeader(data)
	if err != nil {
		t.Fatal(err)
	}
	if rewritten := wire.AppendRetired(nil, h.Revision, retired.Successor); !bytes.Equal(rewritten, data) {
		t.Fatalf("read\n%x, wrote\n%x", data, rewritten)
	}
}
