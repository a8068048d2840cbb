// Wizard is a form of several pages that fill in one session: answers stay when the
// visitor goes back, no page can be skipped, and the last button works once.
//
//	go run ./examples/wizard
//
// Open http://localhost:8080. Or:
//
//	curl -c jar -b jar -L -d name=Ada -d email= http://localhost:8080/steps/0
//	curl -c jar -b jar -L -d name=Ada -d email=ada@example.com http://localhost:8080/steps/0
package main

import (
	"crypto/rand"
	_ "embed"
	"flag"
	"html/template"
	"log"
	"net/http"
	"strconv"
	"strings"

	"github.com/seed48429006/sessions"
	"github.com/seed48429006/sessions/stores/memstore"
)

func main() {
	addr := flag.String("addr", "localhost:8080", "`address` to listen on")
	flag.Parse()
	h, err := newWizard(memstore.New[Proposal](nil), func(number string, answers map[string]string) {
		log.Printf("proposal %s: %q", number, answers)
	})
	if err != nil {
		log.Fatal(err)
	}
	log.Println("open http://" + *addr)
	log.Fatal(http.ListenAndServe(*addr, h))
}

// newWizard returns the wizard's handler. Deliver is called once for each proposal.
func newWizard(store sessions.Store[Proposal], deliver func(number string, answers map[string]string)) (http.Handler, error) {
	proposals, err := sessions.New(store, nil)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", sessions.Handle(proceed))
	mux.Handle("GET /steps/{n}", sessions.Handle(showStep))
	mux.Handle("POST /steps/{n}", sessions.Handle(saveStep))
	mux.Handle("GET /review", sessions.Handle(showReview))
	mux.Handle("POST /send", sessions.Handle(send(deliver)))
	mux.Handle("GET /sent", sessions.Handle(showSent))
	return http.NewCrossOriginProtection().Handler(proposals.Handler(mux)), nil
}

// proceed leads to the first page that is not filled in.
func proceed(w http.ResponseWriter, r *http.Request, proposal *sessions.Session[Proposal]) {
	http.Redirect(w, r, proposal.Value().nextPage(), http.StatusSeeOther)
}

func showStep(w http.ResponseWriter, r *http.Request, proposal *sessions.Session[Proposal]) {
	p := proposal.Value()
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 0 || n > p.reached() || n >= len(steps) {
		proceed(w, r, proposal)
		return
	}
	show(w, "step", map[string]any{"Number": n, "Step": steps[n], "Answers": p.Answers})
}

// saveStep keeps the answers as they were typed, right or wrong. The next page names the
// wrong answers.
func saveStep(w http.ResponseWriter, r *http.Request, proposal *sessions.Session[Proposal]) {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 0 || n >= len(steps) {
		http.NotFound(w, r)
		return
	}
	answers := map[string]string{}
	for _, f := range steps[n].Fields {
		answers[f.Name] = strings.TrimSpace(r.PostFormValue(f.Name))
	}
	proposal.Update(func(p *Proposal) { p.answer(answers) })
	if p := proposal.Value(); p.reached() > n { // go to the next page, also after going back
		http.Redirect(w, r, pageOf(n+1), http.StatusSeeOther)
		return
	}
	proceed(w, r, proposal)
}

func showReview(w http.ResponseWriter, r *http.Request, proposal *sessions.Session[Proposal]) {
	p := proposal.Value()
	if p.reached() < len(steps) {
		proceed(w, r, proposal)
		return
	}
	show(w, "review", map[string]any{"Steps": steps, "Answers": p.Answers})
}

// send delivers the proposal once, however often the button is clicked. Of requests
// that overlap, one saves the change first. The edits of the others run again on the
// value that it left, and find nothing to send.
func send(deliver func(number string, answers map[string]string)) func(http.ResponseWriter, *http.Request, *sessions.Session[Proposal]) {
	return func(w http.ResponseWriter, r *http.Request, proposal *sessions.Session[Proposal]) {
		number := rand.Text()[:8]
		var answers map[string]string
		proposal.Update(func(p *Proposal) { answers = p.send(number) })
		if err := proposal.Commit(r.Context()); err != nil {
			sessions.Fail[Proposal](w, r, err)
			return
		}
		if answers != nil {
			deliver(number, answers)
		}
		http.Redirect(w, r, "/sent", http.StatusSeeOther)
	}
}

func showSent(w http.ResponseWriter, r *http.Request, proposal *sessions.Session[Proposal]) {
	number := proposal.Value().Number
	if number == "" {
		proceed(w, r, proposal)
		return
	}
	show(w, "sent", number)
}

//go:embed pages.html
var pagesText string

var pages = template.Must(template.New("").Parse(pagesText))

func show(w http.ResponseWriter, page string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := pages.ExecuteTemplate(w, page, data); err != nil {
		panic(http.ErrAbortHandler) // half a page must not look whole
	}
}
