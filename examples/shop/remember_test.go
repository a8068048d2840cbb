package main

import (
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed48429006/sessions/sessiontest"
)

// The shop keeps to the times that its pages name.
func TestRememberedFor(t *testing.T) {
	tests := map[string]struct {
		remember string
		knows    time.Duration // without a visit
		forgets  time.Duration
	}{
		"ordinary":   {"", idle - time.Minute, idle + time.Minute},
		"remembered": {"on", remembered - time.Minute, remembered + time.Minute},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				early, _, _ := open(t)
				late := early.Other()
				for _, c := range []*sessiontest.Client{early, late} {
					c.Get("/login").Has("for 30 days; otherwise until the browser is closed")
					fields := url.Values{"name": {"Ada"}, "password": {password}}
					if test.remember != "" {
						fields.Set("remember", test.remember)
					}
					c.Submit("/login", fields).At("/")
				}
				if page := early.Get("/sessions"); test.remember != "" {
					page.Has("in 30 days</time> if not used")
				}
				time.Sleep(test.knows)
				early.Get("/sessions").At("/sessions")
				time.Sleep(test.forgets - test.knows)
				late.Get("/sessions").At("/login?next=%2Fsessions")
			})
		})
	}
}
