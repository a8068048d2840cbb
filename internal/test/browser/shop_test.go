package browser_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/seed48429006/sessions/internal/test/browser"
)

func TestMain(m *testing.M) { browser.Main(m) }

// buildShop builds the example shop once for all tests.
var buildShop = sync.OnceValues(func() (program string, err error) {
	dir, err := os.MkdirTemp("", "shop")
	if err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "shop"), "./examples/shop")
	cmd.Dir = "../../.."
	cmd.Stderr = os.Stderr
	return filepath.Join(dir, "shop"), cmd.Run()
})

// openShop starts the example shop and returns its URL. It closes with the test.
func openShop(t *testing.T) string {
	t.Helper()
	browser.Require(t)
	program, err := buildShop()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-addr", "localhost:0")
	cmd.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "SESSIONS_") // the tests' own, and those of whoever runs them
	})
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the shop: %v", err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the shop does not open: %v", err)
	}
	return strings.TrimSpace(strings.TrimPrefix(line, "Shop open at "))
}

// logIn logs in by the form.
func logIn(tab *browser.Tab, shop string, remember bool) {
	tab.Go(shop + "/login")
	tab.Type("#name", "Ada")
	tab.Type("#password", "demo")
	if remember {
		tab.Click("[name=remember]")
	}
	tab.Click("main button")
	tab.Shows("Welcome, Ada!")
}

// sessionCookie returns the shop's cookie.
func sessionCookie(t *testing.T, tab *browser.Tab) browser.Cookie {
	t.Helper()
	cookies := tab.Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%d cookies: %+v", len(cookies), cookies)
	}
	return cookies[0]
}
