// Package forge makes records that no codec wrote, with a right checksum.
package forge

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"reflect"
)

// Checksum gives the record of a T the checksum that package wire documents. It
// writes to data and returns it; data without a whole header stays as it is.
func Checksum[T any](data []byte) []byte {
	if len(data) < 57 {
		return data
	}
	name := reflect.TypeFor[T]().PkgPath() + "." + reflect.TypeFor[T]().Name()
	if self, ok := any(new(T)).(interface{ SessionType() string }); ok {
		name = self.SessionType()
	}
	covered := bytes.Join([][]byte{[]byte(name), data[:10], data[18:50], data[54:]}, nil)
	binary.BigEndian.PutUint32(data[50:], crc32.Checksum(covered, crc32.MakeTable(crc32.Castagnoli)))
	return data
}
