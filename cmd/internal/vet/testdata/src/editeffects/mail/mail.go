// Package mail sends.
package mail

import "net/smtp"

func Confirm(to string) error { return deliver(to, "confirmed") } // want Confirm:"sends mail"

func deliver(to, text string) error { // want deliver:"sends mail"
	return smtp.SendMail("localhost:25", nil, "shop@example.org", []string{to}, []byte(text))
}

func Subject(n int) string { return string(rune(n)) }
