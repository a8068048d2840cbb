// Package flows holds two small applications, whose log-ins go as those of well-known
// ones do, and the tests of their flows: with sessiontest, and with net/http/httptest
// and a cookie jar. TestFewerLines compares them.
package flows
