// Package config holds what all packages share.
package config

import "github.com/alexedwards/scs/v2"

// App is the application's configuration.
type App struct {
	Production bool
	Session    *scs.SessionManager
}
