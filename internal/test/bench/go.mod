module github.com/seed48429006/sessions/internal/test/bench

go 1.26.0

require github.com/seed48429006/sessions v0.0.0

require github.com/alexedwards/scs/v2 v2.9.0

replace github.com/seed48429006/sessions => ../../..
