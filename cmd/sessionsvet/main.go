// Sessionsvet reports mistakes in programs that use package sessions.
//
//	go install github.com/seed48429006/sessions/cmd/sessionsvet@latest
//	go vet -vettool=$(which sessionsvet) ./...
//
// Called with packages, it needs no go vet, and -fix applies the suggested fixes:
//
//	sessionsvet -fix ./...
//
// "sessionsvet help" lists the analyzers.
package main

import (
	"golang.org/x/tools/go/analysis/multichecker"

	"github.com/seed48429006/sessions/cmd/internal/vet"
)

func main() { multichecker.Main(vet.Analyzers...) }
