package routers_test

import (
	"testing"

	"github.com/seed48429006/sessions/internal/test/snippets"
)

func TestReadmeIsCompiled(t *testing.T) { snippets.Check(t, "README.md", "*.go") }
