package wire

import (
	"encoding/binary"
	"hash/crc32"
	"reflect"
	"sync"

	"github.com/seed48429006/sessions/codec/internal/typename"
)

// A recordType tells records of one type from records of all other types.
type recordType struct {
	name string
	seed uint32 // of the checksums of its records
}

var recordTypes sync.Map // of reflect.Type to *recordType

func recordTypeOf[T any]() *recordType {
	t := reflect.TypeFor[T]()
	if known, ok := recordTypes.Load(t); ok {
		return known.(*recordType)
	}
	name := typename.Of[T]()
	known, _ := recordTypes.LoadOrStore(t, &recordType{name, crc32.Checksum([]byte(name), castagnoli)})
	return known.(*recordType)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum covers everything but itself and the expiry.
func checksum(data []byte, seed uint32) uint32 {
	sum := crc32.Update(seed, castagnoli, data[:atExpires])
	sum = crc32.Update(sum, castagnoli, data[atCreated:atChecksum])
	return crc32.Update(sum, castagnoli, data[atSecretsLen:])
}

// putChecksum fills in the checksum of a whole record.
func putChecksum(data []byte, seed uint32) {
	binary.BigEndian.PutUint32(data[atChecksum:], checksum(data, seed))
}
