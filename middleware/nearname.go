package middleware

import (
	"regexp"
	"strings"
)

// envPrefix begins the names of all variables that ConfigFromEnv reads.
const envPrefix = "SESSIONS_"

// envName returns the variable of a key.
func envName(key string) string { return envPrefix + strings.ToUpper(key) }

// serviceName matches the variables that Kubernetes and Docker make for a service, here
// one with a name such as "sessions" or "sessions-redis".
var serviceName = regexp.MustCompile(`^[A-Z0-9_]+_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

// nearName returns the variable that an unknown name is meant for, or "" if none of
// ours is near. Ours reports whether the name begins as ours do, in upper or lower
// case.
func nearName(name string, settings []setting) (near string, ours bool) {
	if serviceName.MatchString(name) {
		return "", strings.HasPrefix(name, envPrefix)
	}
	upper := strings.ToUpper(name)
	key, ours := strings.CutPrefix(upper, envPrefix)
	for _, s := range settings {
		known := strings.ToUpper(s.key)
		if ours && distance(key, known) <= slips(known) || !ours && distance(upper, envPrefix+known) <= 1 {
			return envPrefix + known, ours
		}
	}
	return "", ours
}

// slips is how many letters may be wrong in a name that is still near.
func slips(known string) int {
	if len(known) < 8 {
		return 1
	}
	return 2
}

// distance returns how many letters are to be inserted, dropped, replaced or swapped
// with their neighbours to make b of a.
func distance(a, b string) int {
	var before, last, row []int // rows of the table of distances between beginnings
	for j := range len(b) + 1 {
		last = append(last, j)
	}
	for i := range len(a) {
		row = []int{i + 1}
		for j := range len(b) {
			replaced := last[j]
			if a[i] != b[j] {
				replaced++
			}
			d := min(last[j+1]+1, row[j]+1, replaced)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, before[j-1]+1)
			}
			row = append(row, d)
		}
		before, last = last, row
	}
	return last[len(b)]
}
