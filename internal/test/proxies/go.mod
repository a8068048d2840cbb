module github.com/seed48429006/sessions/internal/test/proxies

go 1.26.0

replace github.com/seed48429006/sessions => ../../..

require github.com/seed48429006/sessions v0.0.0-00010101000000-000000000000
