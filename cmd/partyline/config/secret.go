package config

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
)

// Secret is a value that is never printed. In the configuration it is the
// value itself, "file:/path" (the file's content without the final newline)
// or "env:NAME".
type Secret string

const hidden = "[secret]"

// String hides the value from fmt and from logs.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString hides the value from %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the value from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalYAML hides the value from a printed configuration.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

// Reveal is the value itself.
func (s Secret) Reveal() string { return string(s) }

// resolve follows file: and env:.
func (s Secret) resolve(getenv func(string) (string, bool)) (Secret, error) {
	if path, ok := strings.CutPrefix(string(s), "file:"); ok {
		b, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("cannot read the secret: %w", err)
		}
		return Secret(strings.TrimRight(string(b), "\r\n")), nil
	}
	if name, ok := strings.CutPrefix(string(s), "env:"); ok {
		v, ok := getenv(name)
		if !ok {
			return "", fmt.Errorf("the environment has no %s", name)
		}
		return Secret(v), nil
	}
	return s, nil
}
