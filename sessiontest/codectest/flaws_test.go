package codectest_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"slices"
	"strings"
	"time"
	"unsafe"

	"github.com/seed48429006/sessions/codec"
)

// flawedCodec is a codec that is right but for the methods that are set.
type flawedCodec struct {
	right  codec.Codec[sample]
	append func(dst []byte, v *sample) ([]byte, error)
	decode func(data []byte, v *sample) error
}

func newFlawedCodec(flaw func(*flawedCodec)) *flawedCodec {
	right := codec.MessagePack[sample]()
	f := &flawedCodec{right: right, append: right.Append, decode: right.Decode}
	flaw(f)
	return f
}

func (f *flawedCodec) Append(dst []byte, v *sample) ([]byte, error) { return f.append(dst, v) }

func (f *flawedCodec) Decode(data []byte, v *sample) error { return f.decode(data, v) }

// A codecFlaw is a way in which a codec can be wrong, and the rules that must tell.
type codecFlaw struct {
	name  string
	rules string
	make  func(*flawedCodec)
}

// afterDecode makes a codec that does something to what it has decoded.
func afterDecode(edit func(data []byte, v *sample)) func(*flawedCodec) {
	return func(f *flawedCodec) {
		f.decode = func(data []byte, v *sample) error {
			err := f.right.Decode(data, v)
			if err == nil {
				edit(data, v)
			}
			return err
		}
	}
}

var codecFlaws = []codecFlaw{
	{"a field is lost", "round-trip", afterDecode(func(_ []byte, v *sample) { v.Address.City = "" })},
	{"floats are rounded", "round-trip", afterDecode(func(_ []byte, v *sample) { v.Score = float64(float32(v.Score)) })},
	{"empty is nil", "round-trip nil-and-empty", afterDecode(func(_ []byte, v *sample) {
		if len(v.Limits) == 0 {
			v.Limits = nil
		}
	})},
	{"nil is empty", "round-trip nil-and-empty", afterDecode(func(_ []byte, v *sample) {
		if v.Address.Lines == nil {
			v.Address.Lines = []string{}
		}
	})},
	{"times are local", "times", afterDecode(func(_ []byte, v *sample) { v.Seen = v.Seen.In(time.FixedZone("here", 3600)) })},
	{"times lose their zone", "times", func(f *flawedCodec) {
		f.append = func(dst []byte, v *sample) ([]byte, error) {
			w, at := *v, v.Seen
			w.Seen = time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), time.UTC)
			return f.right.Append(dst, &w)
		}
	}},
	{"one buffer for all", "append-keeps-nothing concurrent", func(f *flawedCodec) {
		buf := make([]byte, 0, 1<<20)
		f.append = func(dst []byte, v *sample) ([]byte, error) {
			data, err := f.right.Append(buf[:0], v)
			runtime.Gosched()
			if len(dst) > 0 {
				return append(dst, data...), err
			}
			return data, err
		}
	}},
	{"remembers what it wrote", "append-keeps-nothing", func(f *flawedCodec) {
		known := map[string][]byte{}
		f.append = func(dst []byte, v *sample) ([]byte, error) {
			if data, ok := known[v.Name]; ok && len(dst) == 0 && v.Name != "" {
				return data, nil
			}
			data, err := f.right.Append(dst, v)
			if len(dst) == 0 {
				known[v.Name] = data
			}
			return data, err
		}
	}},
	{"forgets dst", "append-extends", func(f *flawedCodec) {
		f.append = func(dst []byte, v *sample) ([]byte, error) { return f.right.Append(dst[:0], v) }
	}},
	{"forgets dst without room", "append-extends", func(f *flawedCodec) {
		f.append = func(dst []byte, v *sample) ([]byte, error) {
			if cap(dst)-len(dst) < 10 {
				dst = make([]byte, len(dst))
			}
			return f.right.Append(dst, v)
		}
	}},
	{"sorts what it writes", "append-value-untouched", func(f *flawedCodec) {
		f.append = func(dst []byte, v *sample) ([]byte, error) {
			slices.Sort(v.Tags)
			return f.right.Append(dst, v)
		}
	}},
	{"cuts off what is too deep", "append-refuses", func(f *flawedCodec) {
		f.append = func(dst []byte, v *sample) ([]byte, error) {
			if data, err := f.right.Append(dst, v); err == nil {
				return data, nil
			}
			w := *v
			w.Referrer = nil
			return f.right.Append(dst, &w)
		}
	}},
	{"an error loses dst", "append-refuses", func(f *flawedCodec) {
		f.append = func(dst []byte, v *sample) ([]byte, error) {
			data, err := f.right.Append(dst, v)
			if err != nil {
				return nil, err
			}
			return data, nil
		}
	}},
	{"decodes into what is there", "decode-sets-all", func(f *flawedCodec) {
		f.decode = func(data []byte, v *sample) error {
			before := v.Limits
			err := f.right.Decode(data, v)
			if err == nil && v.Limits == nil {
				v.Limits = before
			}
			return err
		}
	}},
	{"an error leaves a part", "truncated trailing damaged foreign", func(f *flawedCodec) {
		f.decode = func(data []byte, v *sample) error {
			before := v.Name
			err := f.right.Decode(data, v)
			if err != nil {
				v.Name = before
			}
			return err
		}
	}},
	{"text points into the data", "decode-keeps-nothing", afterDecode(func(data []byte, v *sample) {
		if i := strings.Index(string(data), v.Address.Street); v.Address.Street != "" && i >= 0 {
			v.Address.Street = unsafe.String(&data[i], len(v.Address.Street))
		}
	})},
	{"bytes point into the data", "decode-keeps-nothing", afterDecode(func(data []byte, v *sample) {
		if i := bytes.Index(data, v.Photo); len(v.Photo) > 0 && i >= 0 {
			v.Photo = data[i : i+len(v.Photo) : i+len(v.Photo)]
		}
	})},
	{"decodes in place", "decode-data-untouched", afterDecode(func(data []byte, _ *sample) { clear(data) })},
	{"takes what is cut off", "truncated", func(f *flawedCodec) {
		f.decode = func(data []byte, v *sample) error {
			if len(data) == 0 {
				*v = sample{}
				return nil
			}
			return f.right.Decode(data, v)
		}
	}},
	{"takes one byte less", "truncated", func(f *flawedCodec) {
		f.decode = func(data []byte, v *sample) error {
			if err := f.right.Decode(data, v); err == nil {
				return nil
			}
			return f.right.Decode(append(slices.Clone(data), 0xfe), v)
		}
	}},
	{"takes white space", "trailing", func(f *flawedCodec) {
		f.decode = func(data []byte, v *sample) error { return f.right.Decode(bytes.TrimRight(data, "\n"), v) }
	}},
	{"takes the first of two", "trailing", func(f *flawedCodec) {
		f.decode = func(data []byte, v *sample) error {
			if half := len(data) / 2; half > 0 && bytes.Equal(data[:half], data[half:]) {
				data = data[:half]
			}
			return f.right.Decode(data, v)
		}
	}},
	{"panics", "damaged foreign", func(f *flawedCodec) {
		f.decode = func(data []byte, v *sample) error {
			err := f.right.Decode(data, v)
			if err != nil && len(data) > 0 && data[0] != 0x8a {
				panic(err)
			}
			return err
		}
	}},
	{"writes what it does not read", "damaged", func(f *flawedCodec) {
		f.append = func(dst []byte, v *sample) ([]byte, error) {
			w := *v
			w.Name = strings.ToValidUTF8(v.Name, "?")
			return f.right.Append(dst, &w)
		}
	}},
	{"reads what it wrote only", "damaged", func(f *flawedCodec) {
		f.append = func(dst []byte, v *sample) ([]byte, error) {
			data, err := f.right.Append(dst, v)
			if err == nil && v.Visits > 1<<20 {
				data[len(dst)] = 0xc1
			}
			return data, err
		}
	}},
	{"believes lengths", "memory", func(f *flawedCodec) {
		f.append = func(dst []byte, v *sample) ([]byte, error) {
			data, err := f.right.Append(nil, v)
			if err != nil {
				return dst, err
			}
			return append(binary.BigEndian.AppendUint32(dst, uint32(len(data))), data...), nil
		}
		f.decode = func(data []byte, v *sample) error {
			*v = sample{}
			if len(data) < 4 {
				return errors.New("too short")
			}
			buf := make([]byte, min(binary.BigEndian.Uint32(data), 1<<28))
			if n := copy(buf, data[4:]); n != len(buf) || n != len(data)-4 {
				return errors.New("too short")
			}
			return f.right.Decode(buf, v)
		}
	}},
}
