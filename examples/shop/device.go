package main

import "strings"

// A sign in a User-Agent header tells which program sent it.
type sign struct{ sign, name string }

// The order matters: most browsers claim to be the ones further down, too.
var (
	browsers = []sign{
		{"Edg/", "Edge"}, {"OPR/", "Opera"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"},
		{"Safari/", "Safari"}, {"curl/", "curl"}, {"Go-http-client/", "Go program"},
	}
	systems = []sign{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "ChromeOS"},
		{"Windows", "Windows"}, {"Macintosh", "Mac"}, {"Linux", "Linux"},
	}
)

// deviceOf returns the common name of the device that sent a User-Agent header:
// "Firefox on Linux".
func deviceOf(userAgent string) string {
	browser, system := match(browsers, userAgent), match(systems, userAgent)
	switch {
	case browser == "" && system == "":
		return "Unknown device"
	case browser == "":
		return system
	case system == "":
		return browser
	}
	return browser + " on " + system
}

func match(signs []sign, userAgent string) string {
	for _, s := range signs {
		if strings.Contains(userAgent, s.sign) {
			return s.name
		}
	}
	return ""
}
