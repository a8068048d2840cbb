package promsessions_test

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.yaml.in/yaml/v2"

	"github.com/seed48429006/sessions/middleware/promsessions"
	"github.com/seed48429006/sessions/session"
)

// The dashboard shows every series that a collector exports, and no others.
func TestDashboard(t *testing.T) {
	t.Parallel()
	board := readDashboard(t)
	exported := exportedSeries(t)
	shown := make(map[string]bool)
	ids := make(map[int]bool)
	for _, p := range board.Panels {
		if ids[p.ID] || p.ID == 0 || p.Title == "" {
			t.Errorf("panel %d %q is not the only one, or has no title", p.ID, p.Title)
		}
		ids[p.ID] = true
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("%s: shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			if p.Datasource.UID != "${datasource}" || target.Datasource.UID != "${datasource}" {
				t.Errorf("%s: the data source is fixed", p.Title)
			}
			for name := range checkExpr(t, p.Title, target.Expr, exported) {
				shown[name] = true
			}
			for _, variable := range []string{"job", "instance", "manager"} {
				if strings.Count(target.Expr, variable+`=~"$`+variable+`"`) != strings.Count(target.Expr, "sessions_") {
					t.Errorf("%s: does not heed the variable %s", p.Title, variable)
				}
			}
		}
	}
	for name := range exported {
		if !shown[name] {
			t.Errorf("%s is not shown", name)
		}
	}
	overlap(t, board.Panels)
}

// The dashboard can be imported: it brings its variables, and nothing of a Grafana
// that it was made with.
func TestDashboardImports(t *testing.T) {
	t.Parallel()
	board := readDashboard(t)
	if board.SchemaVersion != 42 || board.UID == "" || board.Title == "" || board.ID != nil {
		t.Errorf("schema %d, UID %q, title %q, ID %v", board.SchemaVersion, board.UID, board.Title, board.ID)
	}
	exported := exportedSeries(t)
	types := make(map[string]string)
	for _, v := range board.Templating.List {
		types[v.Name] = v.Type
		if v.Type != "query" {
			continue
		}
		metric, ok := strings.CutSuffix(v.Definition, ", "+v.Name+")")
		metric, begins := strings.CutPrefix(metric, "label_values(")
		if !ok || !begins || exported[metric] == nil || v.AllValue != ".*" || v.Datasource.UID != "${datasource}" {
			t.Errorf("variable %s asks for %s", v.Name, v.Definition)
		}
	}
	want := map[string]string{"datasource": "datasource", "job": "query", "instance": "query", "manager": "query"}
	if !maps.Equal(types, want) {
		t.Errorf("variables %v", types)
	}
}

// The alerts speak of series that a collector exports, and the guide of each alert.
func TestRules(t *testing.T) {
	t.Parallel()
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.UnmarshalStrict(read(t, "rules.yml"), &file); err != nil {
		t.Fatal(err)
	}
	guide, exported := string(read(t, "../../docs/guides/operating.md")), exportedSeries(t)
	alerts := make(map[string]bool)
	for _, group := range file.Groups {
		for _, rule := range group.Rules {
			if alerts[rule.Alert] || !strings.Contains(guide, "`"+rule.Alert+"`") {
				t.Errorf("%s is there twice, or not in the guide", rule.Alert)
			}
			alerts[rule.Alert] = true
			if len(checkExpr(t, rule.Alert, rule.Expr, exported)) == 0 {
				t.Errorf("%s is about nothing", rule.Alert)
			}
			if _, err := time.ParseDuration(rule.For); err != nil && rule.For != "" {
				t.Errorf("%s: %v", rule.Alert, err)
			}
			if rule.Labels["severity"] == "" || rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" {
				t.Errorf("%s: labels %v, annotations %v", rule.Alert, rule.Labels, rule.Annotations)
			}
		}
	}
	for _, name := range regexp.MustCompile("`(Sessions[A-Z][A-Za-z]*)`").FindAllStringSubmatch(guide, -1) {
		if !alerts[name[1]] {
			t.Errorf("the guide has the alert %s, which does not exist", name[1])
		}
	}
	if len(alerts) == 0 {
		t.Error("no alerts")
	}
}

// What the checks of expressions find.
func TestCheckExpr(t *testing.T) {
	t.Parallel()
	exported := exportedSeries(t)
	for _, tt := range []struct {
		expr string
		bad  bool
	}{
		{`sum by (kind) (rate(sessions_events_total{manager=~"$manager",kind=~"failed|late"}[5m]))`, false},
		{`rate(sessions_event_total[5m])`, true},
		{`rate(sessions_operation_duration_seconds[5m])`, true},
		{`rate(sessions_events_total{kind="lost"}[5m])`, true},
		{`rate(sessions_events_total{kind=~"failed|lost"}[5m])`, true},
		{`sum(sessions_stored{owner="ada"})`, true},
		{`sum by (operation) (sessions_stored)`, true},
		{`sum(rate(sessions_events_total[5m])`, true},
		{`rate(sessions_operation_duration_seconds_sum{kind="conflict"}[5m])`, true},
	} {
		r := &recorder{TB: t}
		checkExpr(r, "a panel", tt.expr, exported)
		if (r.failures > 0) != tt.bad {
			t.Errorf("%s: %d failures", tt.expr, r.failures)
		}
	}
}

type recorder struct {
	testing.TB
	failures int
}

func (r *recorder) Errorf(string, ...any) { r.failures++ }

var (
	series    = regexp.MustCompile(`\b(sessions_\w+)(?:\{([^}]*)\})?`)
	matchers  = regexp.MustCompile(`(\w+)(?:=~|!~|!=|=)"([^"]*)"`)
	groupings = regexp.MustCompile(`\b(?:by|without) \(([^)]*)\)`)
)

// checkExpr fails the test if an expression has a series, a label or the value of a
// label that is not exported. It returns the series.
func checkExpr(tb testing.TB, title, expr string, exported map[string]labels) map[string]bool {
	tb.Helper()
	names, groups := make(map[string]bool), labels{"job": nil, "instance": nil}
	for _, selector := range series.FindAllStringSubmatch(expr, -1) {
		name := selector[1]
		names[name] = true
		if exported[name] == nil {
			tb.Errorf("%s: %s is not exported", title, name)
		}
		maps.Copy(groups, exported[name])
		for _, m := range matchers.FindAllStringSubmatch(selector[2], -1) {
			checkMatcher(tb, title+": "+name, m[1], m[2], exported[name])
		}
	}
	for _, m := range groupings.FindAllStringSubmatch(expr, -1) {
		for label := range strings.SplitSeq(m[1], ",") {
			if _, ok := groups[strings.TrimSpace(label)]; !ok {
				tb.Errorf("%s: groups by %s, which no series has", title, label)
			}
		}
	}
	for _, pair := range []string{"()", "{}", "[]"} {
		if strings.Count(expr, pair[:1]) != strings.Count(expr, pair[1:]) {
			tb.Errorf("%s: unbalanced %s in %s", title, pair, expr)
		}
	}
	return names
}

func checkMatcher(tb testing.TB, title, label, pattern string, known labels) {
	tb.Helper()
	if strings.HasPrefix(pattern, "$") { // a variable of the dashboard
		return
	}
	for value := range strings.SplitSeq(pattern, "|") {
		if !slices.Contains(known[label], value) {
			tb.Errorf("%s is never %s=%q", title, label, value)
		}
	}
}

// labels are the labels of a series, with their values.
type labels map[string][]string

// exportedSeries returns the series that a collector exports after each kind of event
// has ended each operation.
func exportedSeries(tb testing.TB) map[string]labels {
	tb.Helper()
	collector := newCollector(tb, &promsessions.Options{Manager: "carts", Stored: func() int { return 1 }})
	for _, kind := range session.EventKinds() {
		for _, operation := range []session.Operation{session.OperationLoad, session.OperationCommit} {
			e := session.Event{Kind: kind, Operation: operation}
			if kind != session.EventConflict && kind != session.EventRevoked { // these end none
				e.Start, e.Duration = time.Now(), 1
			}
			collector.Observe(tb.Context(), e)
			if kind == session.EventFailed {
				e.Err = context.Canceled
				collector.Observe(tb.Context(), e)
			}
		}
	}
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collector)
	families, err := registry.Gather()
	if err != nil {
		tb.Fatal(err)
	}
	all := make(map[string]labels)
	for _, family := range families {
		found := make(labels)
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				found[l.GetName()] = append(found[l.GetName()], l.GetValue())
			}
		}
		name := family.GetName()
		if family.GetType() != dto.MetricType_HISTOGRAM {
			all[name] = found
			continue
		}
		all[name+"_sum"], all[name+"_count"] = found, found
		buckets := maps.Clone(found)
		buckets["le"] = nil
		all[name+"_bucket"] = buckets
	}
	return all
}

type dashboard struct {
	ID            *int
	UID, Title    string
	SchemaVersion int
	Panels        []panel
	Templating    struct {
		List []struct {
			Name, Type, Definition, AllValue string
			Datasource                       struct{ UID string }
		}
	}
}

type panel struct {
	ID          int
	Type, Title string
	Datasource  struct{ UID string }
	GridPos     struct{ X, Y, W, H int }
	Targets     []struct {
		Datasource struct{ UID string }
		Expr       string
	}
}

// overlap fails the test if a panel lies on another, or beyond the width of 24.
func overlap(t *testing.T, panels []panel) {
	t.Helper()
	for i := range panels {
		a := panels[i].GridPos
		if a.W <= 0 || a.H <= 0 || a.X < 0 || a.X+a.W > 24 {
			t.Errorf("%s: lies at %v", panels[i].Title, a)
		}
		for j := range i {
			b := panels[j].GridPos
			if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
				t.Errorf("%s lies on %s", panels[i].Title, panels[j].Title)
			}
		}
	}
}

func readDashboard(tb testing.TB) (d dashboard) {
	tb.Helper()
	if err := json.Unmarshal(read(tb, "grafana.json"), &d); err != nil {
		tb.Fatal(err)
	}
	return d
}

func read(tb testing.TB, file string) []byte {
	tb.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}
