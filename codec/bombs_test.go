package codec_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/seed48429006/sessions/codec"
)

// inBombShelter is set in the process that TestBombs starts.
const inBombShelter = "CODEC_BOMB_SHELTER"

// msgpackBombs are data that promise much and hold little, or nest without end.
func msgpackBombs() (bombs []string) {
	heads := []string{"\xc4\xff", "\xc7\xff\x01", "\xd9\xff", "\xd8\x01"}
	for _, format := range []byte{0xc5, 0xc6, 0xc8, 0xc9, 0xda, 0xdb, 0xdc, 0xdd, 0xde, 0xdf} {
		for _, length := range []string{"\xff\xff\xff\xff", "\x7f\xff\xff\xff", "\x40\x00\x00\x00", "\x00\xff\xff\xff"} {
			heads = append(heads, string(format)+length)
		}
	}
	for _, head := range heads {
		bombs = append(bombs, head, "\x91"+head, "\x82\xa1C\xa1x"+head)
		for field := 'A'; field <= 'P'; field++ {
			bombs = append(bombs, at(string(field), head), at(string(field), "\x91", head), at(string(field), head, strings.Repeat("\x01", 64)))
		}
	}
	// Lists within lists, each of which could be as long as the rest of the data.
	bombs = append(bombs, strings.Repeat("\x81\xa1L\xdc\x0f\x00", 30)+strings.Repeat("\xc0", 1<<12))
	const many = 1 << 20
	for _, deep := range []string{"\x91", "\x81\xa1K", "\x81\xa1L\x91", "\x81\xa1I", "\x81\xa1H\x81\xa1x", "\xdc\x00\x01", "\xc7\x01\x01"} {
		bombs = append(bombs, strings.Repeat(deep, many/len(deep)))
	}
	for _, wide := range []string{"\x01", "\x80", "\x90", "\xc0", "\xa0", "\xc4\x00", "\xd4\x01\x00"} {
		for field := 'A'; field <= 'P'; field++ {
			bombs = append(bombs, at(string(field), "\xdd\x00\x00\x10\x00", strings.Repeat(wide, 1<<12)))
		}
	}
	return bombs
}

func jsonBombs() (bombs []string) {
	const many = 1 << 20
	for _, deep := range []string{"[", "{\"K\":", "{\"L\":[", "{\"I\":[", "{\"H\":{\"x\":", "[{\"a\":"} {
		bombs = append(bombs, strings.Repeat(deep, many/len(deep)))
	}
	for field := 'A'; field <= 'P'; field++ {
		for _, wide := range []string{"0", "{}", "[]", "null", `""`, "[[]]", `"\u0000"`, "1e9"} {
			values := strings.Repeat(wide+",", 1<<11) + wide
			bombs = append(bombs, fmt.Sprintf(`{"%c":[%s]}`, field, values))
		}
		for _, long := range []string{strings.Repeat("9", 1<<14), "1e" + strings.Repeat("9", 9), `"` + strings.Repeat(`\u0041`, 1<<14) + `"`, "-0." + strings.Repeat("0", 1<<14)} {
			bombs = append(bombs, fmt.Sprintf(`{"%c":%s}`, field, long), fmt.Sprintf(`{"%c":[%s]}`, field, long), fmt.Sprintf(`{"%c":{"x":%s}}`, field, long))
		}
	}
	var keys strings.Builder
	for i := range 1 << 12 {
		fmt.Fprintf(&keys, `"%x":{},`, i)
	}
	bombs = append(bombs, `{"M":{`+keys.String()+`"":{}}}`, `{"H":{`+keys.String()+`"":{}}}`, `{`+keys.String()+`"A":[]}`)
	return append(bombs, `{`+strings.Repeat(`"L":[{},{},{},{}],`, 1<<12)+`"A":[]}`)
}

// TestInBombShelter decodes the bombs with every codec, in a child process.
func TestInBombShelter(t *testing.T) {
	if os.Getenv(inBombShelter) == "" {
		t.Skip("run by TestBombs")
	}
	bombs := slices.Concat(msgpackBombs(), jsonBombs())
	codecs := everyCodec[hostile](t)
	key := sealed(t, codec.Codec[string](plainCodec{}), 1)
	worst := 0
	for name, c := range codecs {
		for i, bomb := range bombs {
			forms, size := wrapped(t, key, bomb)
			allocated := allocation(func() {
				for _, data := range forms {
					c.Decode(data, new(hostile))
				}
			})
			if limit := uint64(1<<20 + 2000*size); allocated > limit {
				t.Errorf("%s: bomb %d, %.40q: %d bytes of data took %d bytes of memory", name, i, bomb, size, allocated)
			}
			if size > 1<<12 {
				worst = max(worst, int(allocated)/size)
			}
		}
	}
	t.Logf("%d bombs; at worst a byte takes %d bytes of memory", len(bombs), worst)
}

// wrapped returns the data in each form in which a codec comes to its inner one.
func wrapped(t *testing.T, seal codec.Codec[string], data string) (forms [][]byte, size int) {
	sealed, err := seal.Append(nil, &data)
	if err != nil {
		t.Fatal(err)
	}
	one := append([]byte("\xc1\x00\x01"), data...)
	two := append([]byte("\xc1\x00\x02"), data...)
	both := append([]byte("\xc1\x00\x01"), sealed...)
	return [][]byte{[]byte(data), one, two, sealed, both}, 3 * len(data)
}

// No bomb of up to a megabyte brings down a process that has little memory.
func TestBombs(t *testing.T) {
	if testing.Short() || raceDetector() {
		t.Skip("takes seconds, and without the race detector, which reserves terabytes")
	}
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh to limit a process with")
	}
	const limit = "ulimit -v 2097152; " // KiB of address space, of which Go itself reserves half
	child := exec.CommandContext(t.Context(), shell, "-c", limit+`exec "$0" "$@"`, os.Args[0],
		"-test.run=^TestInBombShelter$", "-test.v", "-test.timeout=5m")
	child.Env = append(os.Environ(), inBombShelter+"=1")
	output, err := child.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "--- PASS: TestInBombShelter") {
		t.Errorf("%v:\n%.4000s", err, output)
	}
}

// A byte of data may become two elements' memory, however large they are: that is
// the most that data can grow, in lists, in maps, behind pointers, and in others.
func TestHowFarDataGrows(t *testing.T) {
	type element struct{ Data [1 << 10]byte }
	type lists struct {
		L []element
		P []*element
		M map[int]element
		N [][]element
	}
	const n = 1 << 12
	entries, members := []byte{0xdf, 0, 0, 0x10, 0}, `{"0":{}`
	for i := range n {
		entries = append(entries, 0xcd, byte(i>>8), byte(i), 0x80)
		if i > 0 {
			members += fmt.Sprintf(`,"%d":{}`, i)
		}
	}
	wide := "\xdd\x00\x00\x10\x00" + strings.Repeat("\x80", n)
	list := "[{}" + strings.Repeat(",{}", n-1) + "]"
	for name, data := range map[string]string{
		"list": at("L", wide), "list of nil": at("L", strings.ReplaceAll(wide, "\x80", "\xc0")), "pointers": at("P", wide), "map": at("M", string(entries)),
		"lists of lists": at("N", "\x92", wide, wide), "the same twice": "\x82" + at("L", wide)[1:] + at("L", wide)[1:],
		"JSON list": `{"L":` + list + `}`, "JSON list of null": `{"L":` + strings.ReplaceAll(list, "{}", "null") + `}`, "JSON pointers": `{"P":` + list + `}`,
		"JSON map": `{"M":` + members + `}}`, "JSON lists of lists": `{"N":[` + list + "," + list + `]}`, "JSON, the same twice": `{"L":` + list + `,"L":` + list + `}`,
		"JSON list of others": `{"L":[0` + strings.Repeat(",0", n-1) + `]}`,
	} {
		c := codec.MessagePack[lists]()
		if strings.HasPrefix(name, "JSON") {
			c = codec.JSON[lists]()
		}
		var err error
		allocated := allocation(func() { err = c.Decode([]byte(data), new(lists)) })
		if elements := float64(allocated) / 1024 / float64(len(data)); elements > 2.5 || err != nil && name != "JSON list of others" {
			t.Errorf("%s: a byte takes %.1f elements' memory, error %v", name, elements, err)
		}
	}
}

func raceDetector() bool {
	info, _ := debug.ReadBuildInfo()
	return slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
