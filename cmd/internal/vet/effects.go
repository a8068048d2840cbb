package vet

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"
)

// hasEffect is the fact that a function does something that must happen once.
type hasEffect struct{ What string }

func (*hasEffect) AFact() {}

func (e *hasEffect) String() string { return e.What }

// effects are functions and methods with an effect that must happen once, and the words
// for it. A method is written Type.Method.
var effects = map[string]map[string]string{
	"net/smtp": {"SendMail": "sends mail", "Client.Mail": "sends mail", "Client.Data": "sends mail"},
	"net/http": {
		"Get": "makes a request", "Post": "makes a request", "PostForm": "makes a request", "Head": "makes a request",
		"Client.Do": "makes a request", "Client.Get": "makes a request", "Client.Post": "makes a request",
		"Client.PostForm": "makes a request", "Client.Head": "makes a request",
	},
	"net": {"Dial": "opens a connection", "DialTimeout": "opens a connection", "Dialer.Dial": "opens a connection", "Dialer.DialContext": "opens a connection"},
	"os": {
		"WriteFile": "writes a file", "Create": "writes a file", "Remove": "removes a file", "RemoveAll": "removes files",
		"Rename": "renames a file", "Mkdir": "makes a directory", "MkdirAll": "makes a directory",
	},
	"os/exec": {"Cmd.Run": "runs a program", "Cmd.Start": "runs a program", "Cmd.Output": "runs a program", "Cmd.CombinedOutput": "runs a program"},
	"database/sql": {
		"DB.Exec": "writes to a database", "DB.ExecContext": "writes to a database",
		"Tx.Exec": "writes to a database", "Tx.ExecContext": "writes to a database",
		"Stmt.Exec": "writes to a database", "Stmt.ExecContext": "writes to a database",
		"Conn.ExecContext": "writes to a database", "Tx.Commit": "commits a transaction",
	},
	library + "/middleware": {
		"Manager.Revoke": "ends a session", "Manager.End": "ends a session",
		"Manager.RevokeAll": "ends sessions", "Manager.EndAll": "ends sessions",
		"Manager.Edit": "edits a session", "Manager.UpdateOwner": "edits sessions",
	},
}

// effectOf says what f does that must happen once, or "".
func effectOf(f *types.Func) string {
	if f == nil || f.Pkg() == nil {
		return ""
	}
	name := f.Name()
	if recv := f.Signature().Recv(); recv != nil {
		t := recv.Type()
		if p, ok := t.(*types.Pointer); ok {
			t = p.Elem()
		}
		n, ok := t.(*types.Named)
		if !ok {
			return ""
		}
		name = n.Obj().Name() + "." + name
	}
	return effects[f.Pkg().Path()][name]
}

// respondsByContext reports whether the method, of a context of gin or echo, writes
// the response.
func respondsByContext(info *types.Info, sel *ast.SelectorExpr) bool {
	t := info.TypeOf(sel.X)
	if t == nil || !namedIn(t, "github.com/gin-gonic/gin", "Context") && !namedIn(t, "github.com/labstack/echo", "Context") {
		return false
	}
	return slices.Contains([]string{
		"JSON", "JSONP", "IndentedJSON", "PureJSON", "XML", "YAML", "HTML", "String", "Redirect", "Data", "File", "Render", "Status",
		"Blob", "Stream", "NoContent", "Attachment", "Inline", "JSONPretty", "SetCookie", "Header",
		"AbortWithStatus", "AbortWithStatusJSON", "AbortWithError",
	}, sel.Sel.Name)
}

// findEffects notes the package's functions that have an effect, directly or by
// a function that they call. Packages of the standard library are in the list.
func findEffects(pass *analysis.Pass, in *inspector.Inspector) {
	if inStandardLibrary(pass) || inLibrary(pass.Pkg.Path()) {
		return
	}
	type call struct{ from, to *types.Func }
	var calls []call
	for n := range in.PreorderSeq((*ast.FuncDecl)(nil)) {
		decl := n.(*ast.FuncDecl)
		from, ok := pass.TypesInfo.Defs[decl.Name].(*types.Func)
		if !ok || decl.Body == nil {
			continue
		}
		ast.Inspect(decl.Body, func(n ast.Node) bool {
			if c, ok := n.(*ast.CallExpr); ok {
				if to := callee(pass.TypesInfo, c); to != nil {
					calls = append(calls, call{from, to})
				}
			}
			return true
		})
	}
	for more := true; more; {
		more = false
		for _, c := range calls {
			var known hasEffect
			if pass.ImportObjectFact(c.from, &known) {
				continue
			}
			what := effectOf(c.to)
			if what == "" && pass.ImportObjectFact(c.to, &known) {
				what = known.What
			}
			if what != "" {
				pass.ExportObjectFact(c.from, &hasEffect{what})
				more = true
			}
		}
	}
}

func inStandardLibrary(pass *analysis.Pass) bool {
	first, _, _ := strings.Cut(pass.Pkg.Path(), "/")
	return !strings.Contains(first, ".") && (pass.Module == nil || pass.Module.Path == "" || pass.Module.Path == "std")
}
