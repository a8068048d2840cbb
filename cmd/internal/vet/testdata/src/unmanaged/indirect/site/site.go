package site // want package:"asks for .*, manages .*Wish."

import (
	"net/http"

	"fixture/unmanaged/indirect/site/manager"
	"fixture/unmanaged/pages"
)

func Handler() http.Handler { return manager.Wrap(pages.Routes()) }
