module github.com/seed48429006/sessions/examples/websocket

go 1.26.0

require (
	github.com/coder/websocket v1.8.15
	github.com/seed48429006/sessions v0.0.0
)

require (
	github.com/google/go-cmp v0.7.0 // indirect
	golang.org/x/net v0.62.0 // indirect
)

replace github.com/seed48429006/sessions => ../..
