package codectest

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/codec/wire"
	"github.com/seed48429006/sessions/internal/deep"
	"github.com/seed48429006/sessions/session"
)

// UpdateGolden is the environment variable that lets [Golden] add files.
const UpdateGolden = "SESSIONTEST_UPDATE_GOLDEN"

// Golden fails if a change of T, or of its codec, would make stored sessions unreadable,
// or would change their meaning.
//
//	func TestStoredCarts(t *testing.T) {
//		codectest.Golden(t, carts, map[string]Cart{
//			"empty": {},
//			"full":  {Customer: "ada", Items: []Item{{SKU: "tea", Count: 2}}},
//		})
//	}
//
// It keeps records as a store would have them, in testdata/sessions/ and a folder named
// for the test: full.1.record, and beside it full.1.txt, which describes the value. Every
// record there must be readable for ever, as the value that its text describes. And every
// sample must have a record in the form that it has today. If the form changes, because T
// or the codec's version has changed, Golden wants another record: full.2.record.
//
// Run the test with SESSIONTEST_UPDATE_GOLDEN=1 to add the missing files, and commit
// them. That changes no file that is there. To accept that old sessions are read as
// something else, delete the text first; to give them up, delete the record too.
// Samples may come and go; their records stay.
//
// To these samples Golden adds its own: with a value of its own in each field, with the
// lowest and the highest integers, and with each bool alone true. So it notices that two
// fields were exchanged, or that a type of integers became narrower. An upgrade may
// refuse such a value, since the program would not have stored it: then delete the
// record. Golden cannot make values that encode themselves: the samples together must
// have all such values.
//
// The codec may be sealed, with keys that the test knows for ever.
func Golden[T any](tb testing.TB, c codec.Codec[T], samples map[string]T) {
	tb.Helper()
	g := &golden[T]{TB: tb, codec: c, dir: filepath.Join("testdata", "sessions", filepath.FromSlash(tb.Name())), update: os.Getenv(UpdateGolden) != ""}
	samples = withMade(samples)
	for _, path := range unset(samples) {
		tb.Errorf("no sample sets %s, so that a change of it would go unnoticed", path)
	}
	stored, err := g.stored()
	if err != nil {
		tb.Errorf("sessiontest: %v", err)
		return
	}
	for _, file := range stored {
		g.check(file)
	}
	for _, name := range slices.Sorted(maps.Keys(samples)) {
		g.sample(name, samples[name], stored)
	}
}

type golden[T any] struct {
	testing.TB
	codec  codec.Codec[T]
	dir    string
	update bool
}

// A goldenFile is a stored record.
type goldenFile struct {
	sample string
	number int
}

func (f goldenFile) record() string { return fmt.Sprintf("%s.%d.record", f.sample, f.number) }

func (f goldenFile) text() string { return fmt.Sprintf("%s.%d.txt", f.sample, f.number) }

var (
	goldenRecord = regexp.MustCompile(`^([\w-]+)\.(\d+)\.record$`)
	goldenSample = regexp.MustCompile(`^[\w-]+$`)
)

// stored lists the records in the folder.
func (g *golden[T]) stored() (files []goldenFile, err error) {
	entries, err := os.ReadDir(g.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, entry := range entries {
		if m := goldenRecord.FindStringSubmatch(entry.Name()); m != nil {
			number, _ := strconv.Atoi(m[2])
			files = append(files, goldenFile{m[1], number})
		}
	}
	return files, err
}

// check reads a stored record as the program does today.
func (g *golden[T]) check(f goldenFile) {
	g.Helper()
	path := filepath.Join(g.dir, f.record())
	v, _, err := g.read(f)
	if err != nil {
		g.Errorf("%s: sessions that were stored like this cannot be read any more: %v\n"+
			"Keep what they need: a tag with a field's old name, an upgrade for the codec, a SessionType for a type with another name. "+
			"The documentation of package codec says which. To give those sessions up, delete the file.", path, err)
		return
	}
	now := render(v)
	path = filepath.Join(g.dir, f.text())
	before, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		g.add(f.text(), []byte(now))
	case err != nil:
		g.Errorf("sessiontest: %v", err)
	case string(bytes.ReplaceAll(before, []byte("\r\n"), []byte("\n"))) != now:
		g.Errorf("%s: sessions that were stored like this are not read as what they were:\n%s(-before +now)\n%s\n"+
			"If that is what they should mean from now on, delete this file and run the test with %s=1.", path, inWords(string(before), now), cmp.Diff(string(before), now), UpdateGolden)
	}
}

// read returns the value in a file, and the payload.
func (g *golden[T]) read(f goldenFile) (v T, payload []byte, err error) {
	data, err := os.ReadFile(filepath.Join(g.dir, f.record()))
	if err != nil {
		return v, nil, err
	}
	rec, err := wire.DecodeRecord(data, goldenHead.ID, g.codec)
	if err != nil {
		return v, nil, err
	}
	return rec.Value, data[wire.HeaderSize+len(goldenHead.Owner):], nil
}

// goldenHead begins all stored records.
var goldenHead = session.Record[struct{}]{
	ID:         session.ID([]byte("sessiontest.Golden, 32 bytes ID.")),
	Owner:      "golden",
	Created:    time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	Renewed:    time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	Deadline:   time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC),
	Expires:    time.Date(2026, 1, 1, 1, 0, 0, 0, time.UTC),
	Remembered: true,
}

// write returns the record of v.
func (g *golden[T]) write(v T) ([]byte, error) {
	h := &goldenHead
	rec := session.Record[T]{ID: h.ID, Owner: h.Owner, Created: h.Created, Renewed: h.Renewed, Deadline: h.Deadline, Expires: h.Expires, Remembered: h.Remembered, Value: v}
	return wire.AppendRecord(nil, &rec, 1, g.codec)
}

// sample adds a record of v, unless there is one in the form that it has today.
func (g *golden[T]) sample(name string, v T, stored []goldenFile) {
	g.Helper()
	if !goldenSample.MatchString(name) {
		g.Errorf("%q: a sample's name may have letters, digits, - and _", name)
		return
	}
	data, err := g.write(v)
	if err != nil {
		g.Errorf("sample %s: %v", name, err)
		return
	}
	next := goldenFile{name, 1}
	for _, f := range stored {
		if f.sample != name {
			continue
		}
		next.number = max(next.number, f.number+1)
		if g.alike(f, data, v) {
			return
		}
	}
	g.add(next.record(), data)
	if g.update {
		g.check(next)
	}
}

// alike reports whether a file holds v in the form that it has in data.
func (g *golden[T]) alike(f goldenFile, data []byte, v T) bool {
	was, payload, err := g.read(f)
	if plan := deep.Of[T](); err != nil || !plan.Equal(&was, &v) {
		return false
	}
	rewritten, err := g.write(v)
	if err != nil {
		return false
	}
	head := wire.HeaderSize + len(goldenHead.Owner)
	if !permuted(rewritten[head:], data[head:]) { // encrypted: there is no other form to see
		return len(payload) == len(data)-head
	}
	return permuted(payload, data[head:])
}

// permuted reports whether a and b have the same bytes, in any order: codecs may
// write the keys of a map in another order each time.
func permuted(a, b []byte) bool {
	return bytes.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// add writes a new file if that is wanted, and says that it is missing if not.
func (g *golden[T]) add(name string, data []byte) {
	g.Helper()
	path := filepath.Join(g.dir, name)
	if !g.update {
		g.Errorf("%s is missing: run the test with %s=1, and commit what that adds", path, UpdateGolden)
		return
	}
	err := os.MkdirAll(g.dir, 0o755)
	if err == nil {
		err = create(path, data)
	}
	if err != nil {
		g.Errorf("sessiontest: %v", err)
		return
	}
	g.Logf("added %s", path)
}

// create writes a file that must not be there yet.
func create(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
