package middleware

import (
	"errors"
	"io/fs"
	"os"
	"strings"
)

// maxConfigFile bounds the files that a [Config] names. It is far above any secret.
const maxConfigFile = 64 << 10

// A configFile is a file that holds the value of another setting.
type configFile struct {
	key  string
	path *string
	of   string // the key of the other setting
	set  bool   // the other setting has a value of its own
	keep func(text string)
}

// files returns the settings that name files.
func (c *Config) files() []configFile {
	return []configFile{
		{"store_file", &c.StoreFile, "store", c.Store != "", func(text string) { c.Store = text }},
		{"secret_file", &c.SecretFile, "secret", c.Secret != "", func(text string) { c.Secret = text }},
		{"old_secrets_file", &c.OldSecretsFile, "old_secrets", len(c.OldSecrets) > 0, func(text string) { c.OldSecrets = splitList(text) }},
	}
}

// read puts the file's content into the other setting. The error does not show the path,
// which may be a secret that was put into the wrong setting.
func (f *configFile) read(name func(key string) string) error {
	path := *f.path
	if path == "" {
		return nil
	}
	if f.set {
		return errors.New(name(f.of) + " is set too; set one of the two")
	}
	text, err := readConfigFile(path)
	if err != nil {
		return err
	}
	*f.path = ""
	f.keep(text)
	return nil
}

func readConfigFile(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", withoutPath(err)
	case !info.Mode().IsRegular(): // reading a pipe or a device could wait for ever
		return "", errors.New("it is not a regular file")
	case info.Size() > maxConfigFile:
		return "", errors.New("the file is too large for a secret")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", withoutPath(err)
	}
	text := strings.TrimRight(string(data), "\r\n")
	if text == "" {
		return "", errors.New("the file is empty")
	}
	return text, nil
}

func withoutPath(err error) error {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		return pathError.Err
	}
	return err
}

// splitList returns the parts of a list in a variable or a file.
func splitList(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \r\n", r) })
}
