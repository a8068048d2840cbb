package routers

// A Cart is the value of a visitor's session.
type Cart struct {
	Customer string
	Items    []string
}

// SessionOwner says whose session it is: when that changes, the token is renewed.
func (c Cart) SessionOwner() string { return c.Customer }
