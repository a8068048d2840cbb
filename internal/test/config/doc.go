// Package config checks that configurations can be read by the YAML libraries that
// Go programs use. The tests need modules that the library itself does not.
package config
