module github.com/seed48429006/sessions/internal/test/browser

go 1.26.0
