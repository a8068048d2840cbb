package storetest_test

import (
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seed48429006/sessions/session"
	"github.com/seed48429006/sessions/sessiontest/storetest"
)

// inChild is set in the processes that TestSuiteTells starts.
const inChild = "SESSIONTEST_FLAWED"

// TestFlawed runs the suite on stores that must not pass, in a child process.
func TestFlawed(t *testing.T) {
	if os.Getenv(inChild) == "" {
		t.Skip("run by TestSuiteTells")
	}
	for _, fl := range flaws {
		t.Run(slug(fl.name), func(t *testing.T) { testFlawed(t, fl.make) })
	}
	t.Run("none", func(t *testing.T) {
		testFlawed(t, func(f *flawed) {
			f.corruptible()
			f.remote()
		})
	})
}

func testFlawed(t *testing.T, flaw func(*flawed)) {
	newStore := func(*testing.T) session.Store[profile] { return newFlawed(flaw) }
	storetest.Run(t, newStore, &storetest.Options{
		Bubble:    true,
		MaxRecord: maxRecord,
		Size:      func(rec record) int { return len(rec.Value.Photo) },
		Lose: func(t *testing.T, store session.Store[profile], l storetest.Loss) func() bool {
			stop := store.(*flawed).line.arm(l)
			var stopped atomic.Bool
			t.Cleanup(func() {
				if !stopped.Load() {
					t.Error(staysArmed)
				}
			})
			return func() bool { stopped.Store(true); return stop() }
		},
		Decoded: func() int { return int(decoded.Load()) },
		Indexed: func(_ *testing.T, store session.Store[profile], owner string) int {
			return store.(*flawed).indexed(owner)
		},
		Corrupt: func(t *testing.T, store session.Store[profile], id session.ID) {
			if err := store.(*flawed).corrupt(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		},
	})
}

// TestSuiteTells checks that the suite lets a right store pass, that it fails
// for every flaw under the rule that names it, and that no rule is idle.
func TestSuiteTells(t *testing.T) {
	output, failed := runFlawed(t, "TestFlawed", "none", "")
	if failed {
		t.Fatalf("the suite fails for a store that is right:\n%s", output)
	}
	checkDoc(t, output)
	idle := regexp.MustCompile(`(?m)^ +--- PASS: TestFlawed/none/(\S+)`).FindAllStringSubmatch(output, -1)
	for _, fl := range flaws {
		for rule := range strings.FieldsSeq(fl.rules) {
			idle = slices.DeleteFunc(idle, func(match []string) bool { return match[1] == rule })
		}
		t.Run(slug(fl.name), func(t *testing.T) { checkTold(t, fl) })
	}
	for _, match := range idle {
		t.Errorf("no flaw breaks the rule %s", match[1])
	}
}

// checkDoc checks that the package's documentation lists the begin of every rule's name.
func checkDoc(t *testing.T, output string) {
	t.Helper()
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var groups []string
	for _, line := range regexp.MustCompile(`(?m)^//   - ([a-z, -]+):`).FindAllSubmatch(doc, -1) {
		groups = append(groups, strings.Split(string(line[1]), ", ")...)
	}
	for _, match := range regexp.MustCompile(`(?m)^ +--- \w+: TestFlawed/none/(\S+)`).FindAllStringSubmatch(output, -1) {
		if !slices.ContainsFunc(groups, func(group string) bool { return strings.HasPrefix(match[1]+"-", group+"-") }) {
			t.Errorf("doc.go does not list the rule %s", match[1])
		}
	}
}

// checkTold checks that all the rules that name a flaw fail for it. If the machine is
// busy, rules about overlapping calls need several tries.
func checkTold(t *testing.T, fl flaw) {
	tries := 20
	if !strings.HasSuffix(fl.name, atOnce) {
		t.Parallel()
	} else if runtime.GOMAXPROCS(0) == 1 {
		t.Skip("calls do not overlap on one processor")
	}
	silent := strings.Fields(fl.rules)
	var output string
	for ; tries > 0 && len(silent) > 0; tries-- {
		output, _ = runFlawed(t, "TestFlawed", slug(fl.name), strings.Join(silent, "|"))
		silent = slices.DeleteFunc(silent, func(rule string) bool {
			return strings.Contains(output, "--- FAIL: TestFlawed/"+slug(fl.name)+"/"+rule+" ")
		})
	}
	for _, rule := range silent {
		t.Errorf("the rule %s did not tell", rule)
	}
	failed, quoted := strings.Count(output, "--- FAIL: TestFlawed/"+slug(fl.name)+"/"), strings.Count(output, "The rule: ")
	if quoted != failed {
		t.Errorf("%d rules failed, and %d were quoted: the first fault ends a rule", failed, quoted)
	}
	if strings.Contains(output, staysArmed) {
		t.Error(staysArmed)
	}
	if t.Failed() {
		t.Log(output)
	}
}

// staysArmed is a fault of the suite: a later rule would lose the command.
const staysArmed = "a rule has ended without stopping its loss"

// runFlawed runs the suite for one flaw in a child process.
func runFlawed(t *testing.T, test, name, rules string) (output string, failed bool) {
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.timeout=1m",
		"-test.run=^"+test+"$/^"+regexp.QuoteMeta(name)+"$/^("+rules+")$")
	if rules == "" {
		child.Args[len(child.Args)-1] = "-test.run=^" + test + "$/^" + name + "$"
	}
	child.Env = append(os.Environ(), inChild+"=1")
	text, err := child.CombinedOutput()
	return string(text), err != nil
}

// slug returns a name that is the same as a subtest's.
func slug(name string) string { return strings.ReplaceAll(name, " ", "-") }

// The store of the package's example keeps every rule.
func TestTheExampleConforms(t *testing.T) {
	storetest.Run(t, func(*testing.T) session.Store[storetest.Profile] {
		return newMapStore[storetest.Profile]()
	}, &storetest.Options{Bubble: true, Indexer: true})
}
