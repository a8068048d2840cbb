// Package booking knows rooms and reservations.
package booking

import "time"

// A Reservation is what a visitor is about to book.
type Reservation struct {
	Name   string
	Room   int
	Start  time.Time
	Nights int
}
