package guides

import "github.com/seed48429006/sessions"

// secretSteps are the options of the deployments that introduce a secret, and change it.
func secretSteps(first, second []byte) []sessions.Options {
	return []sessions.Options{
		{}, // before: cookies are not signed
		// 1. Sign, and go on taking the cookies from before. Keep this for the longest lifetime.
		{Secrets: [][]byte{first}, AcceptUnsigned: true},
		// 2. Take signed cookies only.
		{Secrets: [][]byte{first}},
		// 3. Tell all servers the new secret, while the old one still signs.
		{Secrets: [][]byte{first, second}},
		// 4. Sign with the new one. Keep this for the longest lifetime.
		{Secrets: [][]byte{second, first}},
		// 5. Forget the old one.
		{Secrets: [][]byte{second}},
	}
}
