package middleware

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// envPrefix begins the names of all variables that ConfigFromEnv reads.
const envPrefix = "SESSIONS_"

// ParseConfig reads a Config from a JSON object. Unknown keys and keys that come
// twice are errors, and so are values of another kind. The error names all of
// them, and no value.
func ParseConfig(data []byte) (Config, error) {
	var c Config
	settings := c.settings()
	seen := make(map[string]bool)
	var errs []error
	dec := json.NewDecoder(bytes.NewReader(data))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return Config{}, errors.New("sessions: the configuration is not a JSON object")
	}
	for dec.More() {
		key, err := dec.Token()
		var value json.RawMessage
		if err == nil {
			err = dec.Decode(&value)
		}
		if err != nil {
			return Config{}, errSyntax(dec)
		}
		name, _ := key.(string)
		i := slices.IndexFunc(settings, func(s setting) bool { return s.key == name })
		switch {
		case i < 0:
			errs = append(errs, errUnknown("key", name, settings, ""))
		case seen[name]:
			errs = append(errs, fmt.Errorf("sessions: %s: is there twice", name))
		case json.Unmarshal(value, settings[i].value.Addr().Interface()) != nil:
			errs = append(errs, settings[i].wrong(name))
		}
		seen[name] = true
	}
	if _, err := dec.Token(); err != nil {
		return Config{}, errSyntax(dec)
	}
	if _, err := dec.Token(); err != io.EOF {
		return Config{}, errSyntax(dec)
	}
	if err := errors.Join(errs...); err != nil {
		return Config{}, err
	}
	return c, nil
}

// errSyntax does not quote the text, which may be a secret.
func errSyntax(dec *json.Decoder) error {
	return fmt.Errorf("sessions: the configuration is not valid JSON, near byte %d", dec.InputOffset())
}

// ConfigFromEnv reads a Config from the environment, as [os.Environ] returns it. An
// empty variable is like none. Unknown variables that begin with SESSIONS_ are
// errors. The error names all that is wrong, and no value.
func ConfigFromEnv(environ []string) (Config, error) {
	var c Config
	settings := c.settings()
	var errs []error
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		key, ours := strings.CutPrefix(name, envPrefix)
		if !ours || value == "" {
			continue
		}
		i := slices.IndexFunc(settings, func(s setting) bool { return strings.ToUpper(s.key) == key })
		switch {
		case i < 0:
			errs = append(errs, errUnknown("variable", name, settings, envPrefix))
		case settings[i].set(value) != nil:
			errs = append(errs, settings[i].wrong(name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return Config{}, err
	}
	return c, nil
}

// set sets the value from the text of a variable.
func (s setting) set(text string) (err error) {
	switch v := s.value.Addr().Interface().(type) {
	case *string:
		*v = text
	case *int:
		*v, err = strconv.Atoi(text)
	case *bool:
		*v, err = strconv.ParseBool(text)
	case *[]string:
		*v = strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
	case encoding.TextUnmarshaler:
		err = v.UnmarshalText([]byte(text))
	default:
		err = errors.ErrUnsupported
	}
	return err
}

func (s setting) wrong(name string) error {
	return fmt.Errorf("sessions: %s: must be %s", name, s.kind())
}

// errUnknown names the names that there are.
func errUnknown(what, name string, settings []setting, prefix string) error {
	var known []string
	for _, s := range settings {
		if s.key = prefix + s.key; prefix != "" {
			s.key = strings.ToUpper(s.key)
		}
		known = append(known, s.key)
	}
	return fmt.Errorf("sessions: unknown %s %q; there are %s", what, name, strings.Join(known, ", "))
}
