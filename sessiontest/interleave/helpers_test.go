package interleave_test

type user struct {
	Name string
	Tags []string
}

func (u user) SessionOwner() string { return u.Name }
