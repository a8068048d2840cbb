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

// ParseConfig reads a Config from a JSON object, and the files that it names. Unknown
// keys and keys that come twice are errors, and so are values that cannot be. The error
// names all of them, and no value that may be a secret.
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
			errs = append(errs, errUnknown(name, settings))
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
	return c.checked(errs)
}

// checked returns the configuration, or everything that is wrong with it besides errs.
func (c Config) checked(errs []error) (Config, error) {
	if err := errors.Join(append(errs, c.complete())...); err != nil {
		return Config{}, err
	}
	return c, nil
}

// errSyntax does not quote the text, which may be a secret.
func errSyntax(dec *json.Decoder) error {
	return fmt.Errorf("sessions: the configuration is not valid JSON, near byte %d", dec.InputOffset())
}

// ConfigFromEnv reads a Config from the environment, as [os.Environ] returns it, and the
// files that it names. An empty variable is like none. The error names all that is
// wrong, by the names of the variables, and no value that may be a secret.
//
// A name that is near to a name of ours is an error: SESSIONS_LIFETME. Other names that
// begin with SESSIONS_ are ignored, such as those that Kubernetes makes for a service
// called "sessions" or "sessions-redis". [New] logs them.
func ConfigFromEnv(environ []string) (Config, error) {
	c := Config{env: true}
	settings := c.settings()
	var errs []error
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		if value == "" {
			continue
		}
		if i := slices.IndexFunc(settings, func(s setting) bool { return envName(s.key) == name }); i >= 0 {
			if settings[i].set(value) != nil {
				errs = append(errs, settings[i].wrong(name))
			}
			continue
		}
		switch near, ours := nearName(name, settings); {
		case ours && near != "":
			errs = append(errs, fmt.Errorf("sessions: unknown variable %q; %s is meant, or choose another name", name, near))
		case ours || near != "":
			c.ignored = append(c.ignored, name)
		}
	}
	return c.checked(errs)
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
		*v = splitList(text)
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

// errUnknown names the keys that there are.
func errUnknown(name string, settings []setting) error {
	var known []string
	for _, s := range settings {
		known = append(known, s.key)
	}
	return fmt.Errorf("sessions: unknown key %q; there are %s", name, strings.Join(known, ", "))
}
