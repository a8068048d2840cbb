package browser

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"testing"
)

// Require skips the test where Chromium or ChromeDriver is not installed. With
// SESSIONS_REQUIRE_BROWSER=1 the test fails instead.
func Require(tb testing.TB) {
	tb.Helper()
	for _, program := range []string{"chromium", "chromedriver"} {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("SESSIONS_REQUIRE_BROWSER") == "1" {
				tb.Fatalf("browser: %v", err)
			}
			tb.Skipf("browser: %v; install Debian's chromium and chromium-driver", err)
		}
	}
}

// A driver is a running ChromeDriver. One serves all browsers of the process.
type driver struct{ url string }

var (
	running     *os.Process // nil before the first browser
	startDriver = sync.OnceValues(launchDriver)
)

func launchDriver() (*driver, error) {
	cmd := exec.Command("chromedriver", "--port=0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	running = cmd.Process
	started := regexp.MustCompile(`started successfully on port (\d+)`)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := started.FindStringSubmatch(lines.Text()); m != nil {
			go func() { // its pipe must not fill up
				for lines.Scan() {
				}
			}()
			return &driver{"http://127.0.0.1:" + m[1]}, nil
		}
	}
	return nil, fmt.Errorf("browser: chromedriver has ended: %w", cmd.Wait())
}

// Main runs the tests and ends the driver. It is for TestMain.
func Main(m *testing.M) {
	code := m.Run()
	if running != nil {
		running.Kill()
	}
	os.Exit(code)
}

// call sends a command and decodes its result into result, unless that is nil.
func (d *driver) call(method, path string, body, result any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if method != http.MethodPost {
		data = nil
	}
	req, err := http.NewRequest(method, d.url+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var answer struct{ Value json.RawMessage }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if resp.StatusCode != http.StatusOK {
		f := fault{Command: method + " " + path}
		json.Unmarshal(answer.Value, &f)
		return &f
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer.Value, result)
}

// A fault is an error that the browser reports (WebDriver, section 6.6).
type fault struct {
	Command string `json:"-"`
	Kind    string `json:"error"`
	Message string
}

func (f *fault) Error() string { return f.Command + ": " + f.Kind + ": " + f.Message }
