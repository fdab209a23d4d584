package api

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"
)

// The typed ways to take a field out of an object. Each returns nil when the
// field is absent or at fault.

// text is a string for people: at most limit characters, no control characters.
func (o *object) text(name string, limit int) *string {
	s := o.str(name)
	if s == nil {
		return nil
	}
	if why := checkText(*s, limit); why != "" {
		o.wrong(name, codeInvalidField, "%s %s.", o.at+name, why)
		return nil
	}
	return s
}

// title is a text with at least one character that can be seen.
func (o *object) title(name string, limit int) *string {
	s := o.text(name, limit)
	if s != nil && strings.TrimSpace(*s) == "" {
		o.wrong(name, codeInvalidField, "%s must not be blank.", o.at+name)
		return nil
	}
	return s
}

func (o *object) str(name string) *string {
	raw, ok := o.take(name)
	if !ok {
		return nil
	}
	var s string
	if raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		o.wrong(name, codeInvalidField, "%s must be a string.", o.at+name)
		return nil
	}
	return &s
}

// word is one of a few words.
func (o *object) word(name string, allowed ...string) *string {
	s := o.str(name)
	if s == nil {
		return nil
	}
	if !slices.Contains(allowed, *s) {
		o.wrong(name, codeInvalidField, "%s must be one of: %s.", o.at+name, strings.Join(allowed, ", "))
		return nil
	}
	return s
}

func (o *object) flag(name string) *bool {
	raw, ok := o.take(name)
	if !ok {
		return nil
	}
	switch string(raw) {
	case "true":
		return new(true)
	case "false":
		return new(false)
	}
	o.wrong(name, codeInvalidField, "%s must be true or false.", o.at+name)
	return nil
}

// whole is a whole number from low to high.
func (o *object) whole(name string, low, high int) *int {
	raw, ok := o.take(name)
	if !ok {
		return nil
	}
	var f float64
	if c := raw[0]; (c != '-' && (c < '0' || c > '9')) || json.Unmarshal(raw, &f) != nil ||
		f != math.Trunc(f) || f < float64(low) || f > float64(high) {
		o.wrong(name, codeInvalidField, "%s must be a whole number from %d to %d.", o.at+name, low, high)
		return nil
	}
	return new(int(f))
}

// seconds is a duration in whole seconds.
func (o *object) seconds(name string, low, high int) *time.Duration {
	n := o.whole(name, low, high)
	if n == nil {
		return nil
	}
	return new(time.Duration(*n) * time.Second)
}

// moment is an RFC 3339 time, kept in UTC.
func (o *object) moment(name string) *time.Time {
	s := o.str(name)
	if s == nil {
		return nil
	}
	t, err := time.Parse(time.RFC3339, *s)
	if err != nil || t.Year() < 2000 || t.Year() > 2200 {
		o.wrong(name, codeInvalidField, "%s must be a time like 2026-01-31T15:00:00Z (RFC 3339).", o.at+name)
		return nil
	}
	return new(t.UTC())
}

// below is an object within; nil when absent. Its faults count here. The
// caller takes its fields, then calls leftovers on it.
func (o *object) below(name string) *object {
	raw, ok := o.take(name)
	if !ok {
		return nil
	}
	return o.inner(name, raw)
}

func (o *object) inner(name string, raw json.RawMessage) *object {
	var fields map[string]json.RawMessage
	if raw[0] != '{' || json.Unmarshal(raw, &fields) != nil {
		o.wrong(name, codeInvalidField, "%s must be an object.", o.at+name)
		return nil
	}
	return &object{fields: fields, at: o.at + name + ".", patch: o.patch, found: o.found}
}

// list is an array; false when absent or at fault.
func (o *object) list(name string) ([]json.RawMessage, bool) {
	raw, ok := o.take(name)
	if !ok {
		return nil, false
	}
	var items []json.RawMessage
	if raw[0] != '[' || json.Unmarshal(raw, &items) != nil {
		o.wrong(name, codeInvalidField, "%s must be an array.", o.at+name)
		return nil, false
	}
	return items, true
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
