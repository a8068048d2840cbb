package codectest_test

import (
	"bytes"
	"maps"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed48429006/sessions/codec"
	"github.com/seed48429006/sessions/sessiontest/codectest"
)

// An account as it changes over the years.
type (
	account struct {
		User string
		Seen map[string]int
	}
	accountMore struct { // a field added
		User  string
		Seen  map[string]int
		Theme string
	}
	accountLess struct{ Seen map[string]int } // one removed
	accountTag  struct {                      // one renamed, with a tag
		Login string `msgpack:"User"`
		Seen  map[string]int
	}
	accountLost struct { // one renamed, without
		Login string
		Seen  map[string]int
	}
	accountType struct { // one of another type
		User []string
		Seen map[string]int
	}
	accountOther account // the type renamed
)

func (account) SessionType() string     { return "account" }
func (accountMore) SessionType() string { return "account" }
func (accountLess) SessionType() string { return "account" }
func (accountTag) SessionType() string  { return "account" }
func (accountLost) SessionType() string { return "account" }
func (accountType) SessionType() string { return "account" }

var visits = map[string]int{"/": 1, "/a": 2, "/b": 3, "/c": 4}

// golden runs Golden and returns what it complains about.
func golden[T any](t *testing.T, update bool, c codec.Codec[T], v T) string {
	t.Helper()
	t.Setenv(codectest.UpdateGolden, map[bool]string{true: "1"}[update])
	r := &recorder{TB: t}
	codectest.Golden(r, c, map[string]T{"one": v})
	return strings.Join(r.errors, "\n")
}

// complains checks that all of it is said, or nothing if nothing is wanted.
func complains(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, text := range want {
		if !strings.Contains(got, text) {
			t.Errorf("it does not say %q:\n%s", text, got)
		}
	}
	if len(want) == 0 && got != "" {
		t.Errorf("it says:\n%s", got)
	}
}

// files returns what is in the folder of the test's golden files, without those of
// the samples that Golden makes.
func files(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	entries, _ := os.ReadDir(filepath.Join("testdata", "sessions", t.Name()))
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), "made-") {
			continue
		}
		data, err := os.ReadFile(filepath.Join("testdata", "sessions", t.Name(), entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		found[entry.Name()] = string(data)
	}
	return found
}

func names(files map[string]string) string {
	return strings.Join(slices.Sorted(maps.Keys(files)), " ")
}

// remove deletes a file of one sample, and those of the same kind of the others.
func remove(t *testing.T, name string) {
	t.Helper()
	_, kind, _ := strings.Cut(name, ".")
	paths, err := filepath.Glob(filepath.Join("testdata", "sessions", t.Name(), "*."+kind))
	if err != nil || len(paths) == 0 {
		t.Fatalf("there is no %s: %v", name, err)
	}
	for _, path := range paths {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// begin makes the golden files of an account.
func begin(t *testing.T, c codec.Codec[account]) map[string]string {
	t.Helper()
	t.Chdir(t.TempDir())
	v := account{"ada", visits}
	complains(t, golden(t, false, c, v), "one.1.record is missing: run the test with SESSIONTEST_UPDATE_GOLDEN=1")
	complains(t, golden(t, true, c, v))
	made := files(t)
	if got := names(made); got != "one.1.record one.1.txt" {
		t.Errorf("there are the files %s", got)
	}
	const text = "User: \"ada\"\nSeen[\"/\"]: 1\nSeen[\"/a\"]: 2\nSeen[\"/b\"]: 3\nSeen[\"/c\"]: 4\n"
	if made["one.1.txt"] != text {
		t.Errorf("the text is\n%s", made["one.1.txt"])
	}
	for range 5 {
		complains(t, golden(t, false, c, v))
		complains(t, golden(t, true, c, v))
	}
	if !maps.Equal(files(t), made) {
		t.Error("the files changed")
	}
	return made
}

// kept checks that the files are there as they were, and adds only some more.
func kept(t *testing.T, made map[string]string, more ...string) {
	t.Helper()
	now := files(t)
	for name, data := range made {
		if now[name] != data {
			t.Errorf("%s changed", name)
		}
		delete(now, name)
	}
	if got := names(now); got != strings.Join(more, " ") {
		t.Errorf("added are %q, want %q", got, more)
	}
}

func TestGoldenAddedField(t *testing.T) {
	made := begin(t, codec.MessagePack[account]())
	c, v := codec.MessagePack[accountMore](), accountMore{"ada", visits, "dark"}
	complains(t, golden(t, false, c, v), "one.2.record is missing")
	complains(t, golden(t, true, c, v))
	complains(t, golden(t, false, c, v))
	kept(t, made, "one.2.record", "one.2.txt")
}

func TestGoldenRemovedField(t *testing.T) {
	made := begin(t, codec.MessagePack[account]())
	c, v := codec.MessagePack[accountLess](), accountLess{visits}
	complains(t, golden(t, true, c, v), "one.1.txt: sessions that were stored like this are not read as what they were", `User: "ada"`)
	kept(t, made, "one.2.record", "one.2.txt")
	remove(t, "one.1.txt")
	complains(t, golden(t, false, c, v), "one.1.txt is missing")
	complains(t, golden(t, true, c, v))
	complains(t, golden(t, false, c, v))
}

func TestGoldenRenamedField(t *testing.T) {
	made := begin(t, codec.MessagePack[account]())
	complains(t, golden(t, false, codec.MessagePack[accountLost](), accountLost{"ada", visits}), "not read as what they were", "one.2.record is missing")
	c, v := codec.MessagePack[accountTag](), accountTag{"ada", visits}
	complains(t, golden(t, false, c, v), `-`, `User: "ada"`, `Login: "ada"`)
	kept(t, made)
	remove(t, "one.1.txt")
	complains(t, golden(t, true, c, v))
	complains(t, golden(t, false, c, v))
	if now := files(t); now["one.1.record"] != made["one.1.record"] || len(now) != 2 {
		t.Errorf("there are now %v", names(now))
	}
}

func TestGoldenRetypedField(t *testing.T) {
	made := begin(t, codec.MessagePack[account]())
	plain, v := codec.MessagePack[accountType](), accountType{[]string{"ada"}, visits}
	complains(t, golden(t, true, plain, v), "one.1.record: sessions that were stored like this cannot be read any more")
	kept(t, made, "one.2.record", "one.2.txt")
	remove(t, "one.2.record")
	remove(t, "one.2.txt")
	c, err := codec.Versioned(1, plain, codec.From(0, codec.MessagePack[account](), func(v account) (accountType, error) {
		return accountType{[]string{v.User}, v.Seen}, nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	complains(t, golden(t, true, c, v), `User[0]: "ada"`)
	remove(t, "one.1.txt")
	complains(t, golden(t, true, c, v))
	complains(t, golden(t, false, c, v))
	complains(t, golden(t, false, plain, v), "one.2.record", "newer version")
}

func TestGoldenRenamedType(t *testing.T) {
	made := begin(t, codec.MessagePack[account]())
	complains(t, golden(t, false, codec.MessagePack[accountOther](), accountOther{"ada", visits}), "cannot be read any more", "accountOther")
	kept(t, made)
}

// A new version alone is a new form, also if nothing else has changed.
func TestGoldenNewVersion(t *testing.T) {
	plain, v := codec.MessagePack[account](), account{"ada", visits}
	made := begin(t, plain)
	c, err := codec.Versioned(1, plain, codec.From(0, plain, codec.Same))
	if err != nil {
		t.Fatal(err)
	}
	complains(t, golden(t, false, c, v), "one.2.record is missing")
	complains(t, golden(t, true, c, v))
	complains(t, golden(t, false, c, v))
	kept(t, made, "one.2.record", "one.2.txt")
}

func TestGoldenSealed(t *testing.T) {
	c, err := codec.Sealed(codec.JSON[account](), bytes.Repeat([]byte{1}, codec.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	made := begin(t, c)
	other, err := codec.Sealed(codec.JSON[account](), bytes.Repeat([]byte{2}, codec.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	complains(t, golden(t, false, other, account{"ada", visits}), "cannot be read any more")
	kept(t, made)
}

// Records stay, and are checked, whatever becomes of the samples.
func TestGoldenSamplesComeAndGo(t *testing.T) {
	c := codec.MessagePack[account]()
	made := begin(t, c)
	complains(t, golden(t, true, c, account{"bob", map[string]int{"/x": 1}}))
	kept(t, made, "one.2.record", "one.2.txt")
	remove(t, "one.2.record")
	remove(t, "one.2.txt")
	t.Setenv(codectest.UpdateGolden, "")
	r := &recorder{TB: t}
	codectest.Golden(r, codec.MessagePack[accountLost](), map[string]accountLost{"two": {"ada", visits}})
	complains(t, strings.Join(r.errors, "\n"), "one.1.txt: sessions that were stored like this are not read")
	r = &recorder{TB: t}
	codectest.Golden(r, c, map[string]account{"../two": {"ada", visits}})
	complains(t, strings.Join(r.errors, "\n"), `"../two": a sample's name may have`)
	r = &recorder{TB: t}
	codectest.Golden(r, codec.MessagePack[sample](), map[string]sample{"loop": loop()})
	complains(t, strings.Join(r.errors, "\n"), "sample loop: session: value of session")
	kept(t, made)
}

func loop() sample {
	p := &sample{}
	p.Referrer = p
	return *p
}

type embedded struct{ Inner string }

// A part of every shape shows in the text.
func TestGoldenText(t *testing.T) {
	type shapes struct {
		embedded
		Zero    int
		Bytes   []byte
		Hash    [2]byte
		None    []string
		Empty   []string
		Table   map[int]embedded
		Nothing *embedded
		Blank   *embedded
		Deep    [][]*int
		When    time.Time
		Addr    netip.Addr
		Big     *big.Int
		Ratio   float64
		Flag    bool
		Skipped string `msgpack:"-"`
	}
	t.Chdir(t.TempDir())
	complains(t, golden(t, true, codec.MessagePack[shapes](), shapes{
		embedded: embedded{"in"}, Bytes: []byte("b\x00"), Hash: [2]byte{1, 2}, Empty: []string{}, Table: map[int]embedded{2: {"two"}, 1: {}},
		Blank: &embedded{}, Deep: [][]*int{nil, {nil, new(0)}}, When: time.Unix(1, 5), Addr: netip.MustParseAddr("::1"), Big: big.NewInt(7), Ratio: 0.5, Flag: true, Skipped: "x",
	}))
	const want = `embedded.Inner: "in"
Bytes: "b\x00"
Hash[0]: 1
Hash[1]: 2
Empty: []
Table[1]: {}
Table[2].Inner: "two"
Blank: {}
Deep[0]: nil
Deep[1][0]: nil
Deep[1][1]: 0
When: 1970-01-01T00:00:01.000000005Z
Addr: ::1
Big: 7
Ratio: 0.5
Flag: true
`
	if got := files(t)["one.1.txt"]; got != want {
		t.Errorf("the text is\n%s", got)
	}
	complains(t, golden(t, true, codec.JSON[string](), "x"), "one.1.record: sessions that were stored like this cannot be read")
	if got := files(t)["one.2.txt"]; got != "value: \"x\"\n" {
		t.Errorf("the text is\n%s", got)
	}
}
