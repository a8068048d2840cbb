module github.com/seed48429006/sessions/docs/guides

go 1.26.0

replace github.com/seed48429006/sessions => ../..

require (
	github.com/alexedwards/scs/v2 v2.9.0
	github.com/gorilla/securecookie v1.1.2
	github.com/gorilla/sessions v1.4.0
	github.com/seed48429006/sessions v0.0.0-00010101000000-000000000000
)

require github.com/google/go-cmp v0.7.0 // indirect
