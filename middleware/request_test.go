package middleware_test

import (
	"bytes"
	"io"
	"log"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/seed48429006/sessions/middleware"
	"github.com/seed48429006/sessions/stores/memstore"
)

// A large form leaves no file behind, whatever is around the manager and however the
// handler ends. Not in parallel: the folder for temporary files is the process's.
func TestALargeFormLeavesNoFile(t *testing.T) {
	visits, err := middleware.New(memstore.New[visit](nil), &middleware.Options{Cookie: middleware.Cookie{Name: "visits"}})
	if err != nil {
		t.Fatal(err)
	}
	const large = 33 << 20
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "large")
	if err != nil {
		t.Fatal(err)
	}
	part.Write(make([]byte, large))
	form.WriteField("name", "ada")
	form.Close()
	plain := func(h http.Handler) http.Handler { return h }
	for name, test := range map[string]struct {
		around func(http.Handler) http.Handler
		panics bool
	}{
		"nothing":                        {plain, false},
		"nothing, a panic":               {plain, true},
		"another manager, a panic":       {visits.Handler, true},
		"MaxBytesHandler":                {func(h http.Handler) http.Handler { return http.MaxBytesHandler(h, 1<<30) }, false},
		"AllowQuerySemicolons":           {http.AllowQuerySemicolons, false},
		"a recovery middleware, a panic": {recovering, true},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			t.Setenv("TMPDIR", folder)
			a := newApp(t, newStore(), nil)
			a.mux.HandleFunc("/upload", func(w http.ResponseWriter, r *http.Request) {
				if r.FormValue("name") != "ada" {
					t.Error("the form is not read")
				}
				if files, _ := os.ReadDir(folder); len(files) == 0 {
					t.Error("the form makes no file")
				}
				if test.panics {
					panic(errDown)
				}
			})
			server := httptest.NewUnstartedServer(test.around(a.Handler(a.mux)))
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.Start()
			if res, err := http.Post(server.URL+"/upload", form.FormDataContentType(), bytes.NewReader(body.Bytes())); err == nil {
				res.Body.Close()
			}
			server.Close()
			if files, _ := os.ReadDir(folder); len(files) != 0 {
				t.Errorf("%d files are left", len(files))
			}
		})
	}
}

// Code around the manager finds in the request what the handler left there.
func TestCodeAroundSeesTheRequestOfTheHandler(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(){"returns": func() {}, "panics": func() { panic(errDown) }} {
		t.Run(name, func(t *testing.T) {
			a := newApp(t, newStore(), nil)
			a.mux.HandleFunc("GET /items/{sku}", func(w http.ResponseWriter, r *http.Request) {
				r.ParseForm()
				end()
			})
			r := httptest.NewRequest("GET", "/items/tea?n=7", nil)
			ctx := r.Context()
			recovering(a.Handler(a.mux)).ServeHTTP(recorder(), r)
			if r.Pattern != "GET /items/{sku}" || r.PathValue("sku") != "tea" || r.Form.Get("n") != "7" {
				t.Errorf("pattern %q, sku %q, form %v", r.Pattern, r.PathValue("sku"), r.Form)
			}
			if r.Context() != ctx {
				t.Error("the request got another context")
			}
		})
	}
}
