module github.com/seed48429006/sessions/internal/test/browser

go 1.26.0

require github.com/seed48429006/sessions v0.0.0

require (
	github.com/vmihailenco/msgpack/v5 v5.4.1 // indirect
	github.com/vmihailenco/tagparser/v2 v2.0.0 // indirect
)

replace github.com/seed48429006/sessions => ../../..
