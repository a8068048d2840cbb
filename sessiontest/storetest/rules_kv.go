package storetest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/seed48429006/sessions/stores/kvstore"
)

var kvRules = []kvRule{
	{
		name:        "get-absent",
		explanation: "Get returns no value and version zero for a key that is absent.",
		try:         func(t *kvTrial) { t.want("a", "") },
	},
	{
		name:        "swap-creates",
		explanation: "Swap from version zero writes a key that is absent, and gives it a version.",
		try: func(t *kvTrial) {
			if t.create("a", "one") == 0 {
				t.fail("the version is zero")
			}
			t.want("a", "one")
			t.want("b", "")
		},
	},
	{
		name:        "swap-exists",
		explanation: "Swap from version zero reports false, and changes nothing, if the key is there.",
		try: func(t *kvTrial) {
			t.create("a", "one")
			t.refused("a", 0, "two")
			t.refused("a", 0, "")
			t.want("a", "one")
		},
	},
	{
		name:        "swap-replaces",
		explanation: "Swap from the present version replaces the value, and gives the key another version.",
		try: func(t *kvTrial) {
			first := t.create("a", "a long value")
			if second := t.swap("a", first, "two", inAnHour()); second == first {
				t.fail("the version is %d again", second)
			}
			t.want("a", "two")
		},
	},
	{
		name:        "swap-conflict",
		explanation: "Swap reports false, and changes nothing, if the version is another than the one given.",
		try: func(t *kvTrial) {
			first := t.create("a", "one")
			second := t.swap("a", first, "two", inAnHour())
			for _, old := range []kvstore.Version{first, second + 1} {
				t.refused("a", old, "three")
				t.refused("a", old, "")
				t.want("a", "two")
			}
		},
	},
	{
		name:        "swap-absent",
		explanation: "Swap from a version reports false, and writes nothing, if the key is absent: never written, or removed.",
		try: func(t *kvTrial) {
			t.refused("a", 7, "one")
			t.want("a", "")
			first := t.create("b", "one")
			t.swap("b", first, "", time.Time{})
			t.refused("b", first, "two")
			t.want("b", "")
		},
	},
	{
		name:        "swap-removes",
		explanation: "Swap removes the key if the value is empty. The key can then be written anew.",
		try: func(t *kvTrial) {
			t.swap("a", t.create("a", "one"), "", time.Time{})
			t.want("a", "")
			t.create("a", "two")
			t.want("a", "two")
		},
	},
	{
		name:        "swap-versions-differ",
		explanation: "Swap gives a key a version that it never had, also not before it was removed.",
		try: func(t *kvTrial) {
			versions := make(map[kvstore.Version]bool)
			var version kvstore.Version
			for i := range 30 {
				if i%3 == 2 {
					t.swap("a", version, "", time.Time{})
					version = 0
				}
				if version = t.swap("a", version, "same", inAnHour()); versions[version] {
					t.fail("the version %d came again", version)
				}
				versions[version] = true
			}
		},
	},
	{
		name:        "swap-one-only",
		explanation: "Swap of one key does nothing to another.",
		try: func(t *kvTrial) {
			names := []string{"a", "A", "aa", "a.a", "a-", "_a", "a0"}
			for _, name := range names {
				t.create(name, name)
			}
			for _, name := range names {
				t.want(name, name)
			}
			_, version := t.get("a")
			t.swap("a", version, "", time.Time{})
			for _, name := range names[1:] {
				t.want(name, name)
			}
		},
	},
	{
		name:        "value-bytes",
		explanation: "Values are any bytes, at least one. They come back as they were.",
		try: func(t *kvTrial) {
			all := make([]byte, 256)
			for i := range all {
				all[i] = byte(i)
			}
			for i, value := range []string{"\x00", "\x00\x00", "a\x00b", " ", "\r\n", string(all), strings.Repeat(string(all), 300)} {
				t.create(fmt.Sprint(i), value)
				t.want(fmt.Sprint(i), value)
			}
		},
	},
	{
		name:        "value-untouched",
		explanation: "The backend never writes to a value that it was given or has returned.",
		try: func(t *kvTrial) {
			given := []byte("one")
			if ok, err := t.backend.Swap(t.Context(), t.key("a"), 0, given, inAnHour()); !ok || err != nil {
				t.fail("Swap returned %v, %v", ok, err)
			}
			returned, version := t.get("a")
			t.swap("a", t.swap("a", version, "two", inAnHour()), "", time.Time{})
			t.create("b", "six")
			if !bytes.Equal(given, []byte("one")) || !bytes.Equal(returned, []byte("one")) {
				t.fail("the value that was given is %q now, the one that was returned %q", given, returned)
			}
		},
	},
	{
		name:        "key-long",
		explanation: "A key may have 200 bytes: letters, digits, \"-\", \"_\" and \".\".",
		try: func(t *kvTrial) {
			long := strings.Repeat("aZ09-_.x", 30)[:200-len(t.prefix)-1]
			t.create(long+"a", "a")
			t.create(long+"b", "b")
			t.want(long+"a", "a")
			t.want(long+"b", "b")
		},
	},
	{
		name:        "end-far",
		explanation: "A key may have no end, or one in the year 9999.",
		try: func(t *kvTrial) {
			for i, end := range []time.Time{{}, farOff} {
				name := fmt.Sprint(i)
				t.swap(name, t.swap(name, 0, "one", end), "two", end)
				t.want(name, "two")
			}
		},
	},
	{
		name:        "end-moves",
		explanation: "Each Swap gives the key another end: it is not dropped at a former one.",
		try: func(t *kvTrial) {
			soon := time.Now().Add(2 * time.Second) // some backends count in seconds
			for name, end := range map[string]time.Time{"later": inAnHour(), "never": {}} {
				t.swap(name, t.swap(name, 0, "one", soon), "two", end)
			}
			time.Sleep(time.Until(soon) + max(t.options.Drops, 2*time.Second))
			t.want("later", "two")
			t.want("never", "two")
		},
	},
	{
		name:        "end-drops",
		explanation: "The backend drops a key soon after its end, after which the key can be written anew.",
		try: func(t *kvTrial) {
			if t.options.Drops == 0 {
				t.Skip("KVOptions.Drops is zero")
			}
			end := time.Now().Add(2 * time.Second)
			t.swap("a", 0, "one", end)
			time.Sleep(time.Until(end) + t.options.Drops)
			t.want("a", "")
			t.create("a", "two")
			t.want("a", "two")
		},
	},
	{
		name:        "context",
		explanation: "Methods give up when ctx is done: they return an error, and write nothing.",
		try: func(t *kvTrial) {
			version := t.create("a", "one")
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, _, err := t.backend.Get(ctx, t.key("a")); err == nil {
				t.fail("Get returned no error")
			}
			for name, old := range map[string]kvstore.Version{"a": version, "b": 0} {
				if ok, err := t.backend.Swap(ctx, t.key(name), old, []byte("two"), inAnHour()); ok || err == nil {
					t.fail("Swap returned %v, %v", ok, err)
				}
			}
			t.want("a", "one")
			t.want("b", "")
		},
	},
	{
		name:        "context-keys",
		explanation: "Keys yields an error and ends when ctx is done.",
		lists:       true,
		try: func(t *kvTrial) {
			t.create("a", "one")
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			var errs []error
			for _, err := range t.lister.Keys(ctx, t.prefix) {
				errs = append(errs, err)
			}
			if len(errs) != 1 || errs[0] == nil {
				t.fail("Keys yielded the errors %v, want one", errs)
			}
		},
	},
	{
		name:        "keys",
		explanation: "Keys yields the keys that begin with the prefix, each once, and no others.",
		lists:       true,
		try: func(t *kvTrial) {
			t.wantKeys("")
			for _, name := range []string{"a.x", "a.y", "ab.x", "b.x", "a.x.z"} {
				t.create(name, "one")
			}
			t.wantKeys("a.", "a.x", "a.x.z", "a.y")
			t.wantKeys("b.", "b.x")
			t.wantKeys("c.")
			t.wantKeys("", "a.x", "a.x.z", "a.y", "ab.x", "b.x")
		},
	},
	{
		name:        "keys-removed",
		explanation: "Keys does not yield a key that was removed, and yields one that was replaced once.",
		lists:       true,
		try: func(t *kvTrial) {
			version := t.create("a", "one")
			t.swap("b", t.create("b", "one"), "two", inAnHour())
			t.swap("a", version, "", time.Time{})
			t.wantKeys("", "b")
		},
	},
	{
		name:        "keys-many",
		explanation: "Keys yields all keys, also if there are more than a page of them.",
		lists:       true,
		try: func(t *kvTrial) {
			var want []string
			for i := range 1200 {
				name := fmt.Sprintf("a.%04d", i)
				t.create(name, "one")
				want = append(want, name)
			}
			t.wantKeys("a.", want...)
		},
	},
	{
		name:        "keys-meanwhile",
		explanation: "Keys holds no lock while it yields, and yields each key that is there throughout the iteration once, whatever comes and goes meanwhile.",
		lists:       true,
		try: func(t *kvTrial) {
			stays, goes := make(map[string]int), make(map[string]kvstore.Version)
			for i := range 300 {
				stays[t.key(fmt.Sprintf("stays.%03d", i))] = 0
				t.create(fmt.Sprintf("stays.%03d", i), "one")
				name := fmt.Sprintf("goes.%03d", i)
				goes[name] = t.create(name, "one")
			}
			for key, err := range t.lister.Keys(t.Context(), t.prefix) {
				if err != nil {
					t.fail("Keys yielded the error %v", err)
				}
				if _, ok := stays[key]; ok {
					stays[key]++
				}
				for name, version := range goes {
					delete(goes, name)
					t.swap(name, version, "", time.Time{})
					t.create("comes."+name, "one")
					break
				}
			}
			for key, n := range stays {
				if n != 1 {
					t.fail("Keys yielded %q %d times", key, n)
				}
			}
		},
	},
	{
		name:        "race-create",
		explanation: "Of many Swaps that write an absent key at once, one succeeds.",
		try: func(t *kvTrial) {
			for round := range 5 {
				key := t.key(fmt.Sprint(round))
				if won := t.together(func(i int) (bool, error) {
					return t.backend.Swap(t.Context(), key, 0, fmt.Append(nil, i), inAnHour())
				}); won != 1 {
					t.fail("%d of %d calls succeeded", won, crowd)
				}
			}
		},
	},
	{
		name:        "race-swap",
		explanation: "Swap compares and writes in one step: of many increments that overlap, none is lost.",
		try: func(t *kvTrial) {
			t.create("a", "x")
			t.together(func(int) (bool, error) {
				for {
					value, version, err := t.backend.Get(t.Context(), t.key("a"))
					if err != nil {
						return false, err
					}
					if ok, err := t.backend.Swap(t.Context(), t.key("a"), version, append(bytes.Clone(value), 'x'), inAnHour()); ok || err != nil {
						return ok, err
					}
				}
			})
			t.want("a", strings.Repeat("x", crowd+1))
		},
	},
	{
		name:        "race-remove",
		explanation: "Of a removal and writes from one version at once, one succeeds.",
		try: func(t *kvTrial) {
			for round := range 5 {
				name := fmt.Sprint(round)
				version := t.create(name, "one")
				if won := t.together(func(i int) (bool, error) {
					var value []byte
					if i%2 == 1 {
						value = []byte("two")
					}
					return t.backend.Swap(t.Context(), t.key(name), version, value, inAnHour())
				}); won != 1 {
					t.fail("%d of %d calls succeeded", won, crowd)
				}
			}
		},
	},
}
