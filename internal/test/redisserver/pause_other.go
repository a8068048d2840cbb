//go:build !unix

package redisserver

import "errors"

// Pause makes the server stop answering, while its connections stay open.
func (s *Server) Pause() error { return errors.ErrUnsupported }

// Resume undoes [Server.Pause].
func (s *Server) Resume() error { return errors.ErrUnsupported }
