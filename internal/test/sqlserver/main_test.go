package sqlserver_test

import (
	"os"
	"testing"

	"github.com/seed48429006/sessions/internal/test/sqlserver"
)

func TestMain(m *testing.M) { os.Exit(sqlserver.Main(m)) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
