module github.com/seed48429006/sessions/internal/test/config

go 1.26.0

require (
	github.com/goccy/go-yaml v1.19.2
	github.com/seed48429006/sessions v0.0.0
	gopkg.in/yaml.v3 v3.0.1
)

replace github.com/seed48429006/sessions => ../../..
