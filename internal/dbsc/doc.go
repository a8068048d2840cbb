// Package dbsc has what browsers and servers say to each other by Device Bound Session
// Credentials (W3C, Web Application Security): the fields of headers, and the proofs
// that a device signs. It knows no session.
//
// Everything that it reads comes from clients. Lengths are checked before a byte is
// decoded, and no allocation is larger than a few times the input, which is bounded.
package dbsc

// The header fields of the protocol.
const (
	HeaderRegistration = "Secure-Session-Registration" // of a response: bind the session
	HeaderChallenge    = "Secure-Session-Challenge"    // of a response: to be answered in the next proof
	HeaderProof        = "Secure-Session-Response"     // of a request
	HeaderID           = "Sec-Secure-Session-Id"       // of a request: the session to refresh
	HeaderSkipped      = "Secure-Session-Skipped"      // of a request: why it was not refreshed
)
