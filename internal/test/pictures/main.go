// Pictures draws the pictures of the documentation into docs/pictures:
//
//	go run ./internal/test/pictures
//
// A test compares the files with what this program draws. The bars of the benchmarks are
// drawn by internal/test/bench/cmd/table.
package main

import (
	"log"
	"os"
	"path/filepath"
)

func main() {
	for name, picture := range pictures() {
		if err := os.WriteFile(filepath.Join("docs", "pictures", name), []byte(picture.String()), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}

func pictures() map[string]*drawing {
	return map[string]*drawing{"token.svg": token(), "login.svg": login(), "packages.svg": packages()}
}

// token shows the life of a secret.
func token() *drawing {
	d := newDrawing("The life of a token", 760, 380)
	d.text(20, 34, "strong", "start", "A token is an ID, for life, and a secret. The record knows the secret's hash:")
	d.box(40, 70, 150, 64, "good", "current", "accepted")
	d.box(300, 70, 150, 64, "good", "open", "accepted")
	d.box(560, 70, 150, 64, "good", "ending", "accepted for 30 s")
	d.arrow(190, 102, 300, 102)
	d.text(245, 92, "quiet", "middle", "soft renewal")
	d.text(245, 122, "quiet", "middle", "Remember,")
	d.text(245, 138, "quiet", "middle", "deadline")
	d.arrow(450, 102, 560, 102)
	d.text(505, 86, "quiet", "middle", "the client")
	d.text(505, 122, "quiet", "middle", "shows a")
	d.text(505, 138, "quiet", "middle", "newer one")
	d.box(300, 220, 150, 64, "bad", "ended", "recognised for 30 s")
	for _, x := range []int{115, 375, 635} {
		d.arrow(x, 134, 375+(x-375)/8, 220)
	}
	d.text(40, 206, "quiet", "start", "LogIn, Renew, another owner:")
	d.text(40, 224, "quiet", "start", "all earlier secrets end at once")
	d.box(560, 220, 150, 64, "box", "unknown", "a new session")
	d.arrow(450, 252, 560, 252)
	d.arrow(672, 134, 672, 220)
	d.text(505, 242, "quiet", "middle", "30 s later")
	d.text(682, 180, "quiet", "start", "30 s later")
	d.text(375, 312, "quiet", "middle", "Reads see nothing, changes get 409,")
	d.text(375, 330, "quiet", "middle", "a log-in of the same owner joins the session.")
	d.text(20, 360, "quiet", "start", "Destroy, Revoke and expiry end the record, and with it every secret.")
	return d
}

// A step is an arrow between a request and the store.
type step struct {
	column int // of the request: 0 or 1
	to     bool
	text   string
}

// login shows a log-in beside a slow request: here, and where the last write wins.
func login() *drawing {
	d := newDrawing("A log-in beside a slow request", 860, 470)
	sequence(d, 0, "Last write wins", "bad", []step{
		{0, false, "session: cart, nobody"}, {1, false, "session: cart, nobody"},
		{1, true, "save: Ada, new token"}, {0, true, "save the old session"},
	}, "The old token is back, Ada is logged out,", "and a token planted before the log-in works.")
	sequence(d, 430, "sessions", "good", []step{
		{0, false, "session, revision 1"}, {1, false, "session, revision 1"},
		{1, true, "LogIn if still revision 1"}, {0, true, "save if still revision 1"}, {0, false, "no: the secret ended"},
	}, "The slow request saves nothing and gets 409.", "Ada stays logged in; the old token is dead.")
	return d
}

func sequence(d *drawing, left int, title, class string, steps []step, outcome ...string) {
	d.text(left+215, 30, "strong", "middle", title)
	at := []int{left + 70, left + 360}
	store := left + 215
	d.box(at[0]-60, 46, 120, 34, "box", "slow request")
	d.box(store-45, 46, 90, 34, "box", "store")
	d.box(at[1]-60, 46, 120, 34, "box", "log-in")
	for _, x := range []int{at[0], store, at[1]} {
		d.add(`<path class="life" d="M%d 80 V380"/>`, x)
	}
	for i, s := range steps {
		y, from, to := 118+54*i, store, at[s.column]
		if s.to {
			from, to = to, from
		}
		d.arrow(from, y, to, y)
		d.text((from+to)/2, y-8, "quiet", "middle", s.text)
	}
	d.box(left+20, 392, 390, 62, class, outcome...)
}

// imports are the arrows between packages, by folder.
var imports = []struct {
	importer, imported string
	from, to           [2]int
}{
	{".", "middleware", [2]int{300, 74}, [2]int{160, 120}},
	{"middleware", "session", [2]int{140, 174}, [2]int{300, 264}},
	{"sessiontest", "session", [2]int{380, 174}, [2]int{380, 264}},
	{"sessiontest", "middleware", [2]int{280, 147}, [2]int{240, 147}},
	{"sessiontest", "stores/memstore", [2]int{480, 147}, [2]int{520, 147}},
	{"stores", "codec", [2]int{620, 174}, [2]int{620, 200}},
	{"codec", "session", [2]int{540, 244}, [2]int{460, 264}},
}

// packages shows which package imports which.
func packages() *drawing {
	d := newDrawing("The packages", 760, 330)
	d.box(280, 20, 200, 54, "good", "sessions", "the names you need")
	d.box(40, 120, 200, 54, "box", "middleware", "HTTP, cookies, the manager")
	d.box(280, 120, 200, 54, "box", "sessiontest", "for tests")
	d.box(520, 120, 200, 54, "box", "stores", "memory, Redis, SQL, others")
	d.box(520, 200, 200, 44, "box", "codec", "values as bytes")
	d.box(280, 264, 200, 54, "box", "session", "what a session is: no HTTP")
	for _, i := range imports {
		d.arrow(i.from[0], i.from[1], i.to[0], i.to[1])
	}
	d.text(20, 310, "quiet", "start", "An arrow means: imports.")
	return d
}
