//go:build unix

package redisserver

import "syscall"

// Pause makes the server stop answering, while its connections stay open: what
// a machine that is overloaded or cut off looks like.
func (s *Server) Pause() error { return s.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume undoes [Server.Pause].
func (s *Server) Resume() error { return s.cmd.Process.Signal(syscall.SIGCONT) }
