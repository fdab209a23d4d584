package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// object is one JSON object of a request. Fields are taken out of it by name
// and type; what is left at the end, and everything that did not fit, is in
// the refusal. Nothing is ignored silently.
type object struct {
	fields map[string]json.RawMessage
	at     string // "" for the body, "accept." or "participants[3]." below it
	patch  bool   // null would mean "take away", which no field can
	found  *[]FieldError
}

// parseObject reads a body that must be one JSON object. An empty body is an
// empty object when allowed.
func parseObject(body []byte, emptyOK bool) (*object, *Problem) {
	if len(bytes.TrimSpace(body)) == 0 {
		if !emptyOK {
			return nil, problem(codeInvalidJSON, "", "The body is empty; a JSON object is needed.")
		}
		body = []byte("{}")
	}
	if !utf8.Valid(body) {
		return nil, problem(codeInvalidJSON, "", "The body is not valid UTF-8.")
	}
	if why := oneValue(body); why != "" {
		return nil, problem(codeInvalidJSON, "", why)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return nil, problem(codeInvalidJSON, "", "The body must be a JSON object.")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber() // how large a number may be is its field's to say
	name, err := findDuplicate(dec, 0)
	switch {
	case err != nil: // only the depth is left to be wrong
		return nil, problem(codeInvalidJSON, "", fmt.Sprintf("The body is nested deeper than %d levels.", maxDepth))
	case name != "":
		name = clip(name)
		return nil, problem(codeDuplicateField, name, fmt.Sprintf("The field %q is given twice in one object.", name))
	}
	return &object{fields: fields, found: new([]FieldError)}, nil
}

// oneValue says why body is not exactly one JSON value; "" when it is.
func oneValue(body []byte) string {
	dec := json.NewDecoder(bytes.NewReader(body))
	var v json.RawMessage
	if err := dec.Decode(&v); err != nil {
		if err == io.ErrUnexpectedEOF {
			return "The body is not JSON: it ends in the middle."
		}
		return fmt.Sprintf("The body is not JSON: %s, after %d bytes.", strings.TrimPrefix(err.Error(), "json: "), dec.InputOffset())
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Sprintf("Something follows the JSON object, after %d bytes.", dec.InputOffset())
	}
	return ""
}

// maxDepth is far more than any body of ours needs.
const maxDepth = 16

var errTooDeep = errors.New("nested too deep")

// findDuplicate returns the first name that one object gives twice.
func findDuplicate(dec *json.Decoder, depth int) (string, error) {
	if depth > maxDepth {
		return "", errTooDeep
	}
	t, err := dec.Token()
	if err != nil {
		return "", err
	}
	open, ok := t.(json.Delim)
	if !ok {
		return "", nil
	}
	seen := make(map[string]bool)
	for dec.More() {
		if open == '{' {
			t, err := dec.Token()
			if err != nil {
				return "", err
			}
			name, _ := t.(string)
			if seen[name] {
				return name, nil
			}
			seen[name] = true
		}
		if name, err := findDuplicate(dec, depth+1); name != "" || err != nil {
			return name, err
		}
	}
	_, err = dec.Token() // the closing one
	return "", err
}

// wrong notes a field at fault.
func (o *object) wrong(name, code, format string, args ...any) {
	*o.found = append(*o.found, FieldError{Code: code, Param: o.at + name, Detail: fmt.Sprintf(format, args...)})
}

// take removes a field; false when it is absent or null. In a patch, null is a
// fault: nothing can be taken away by it, and ignoring it would be a lie.
func (o *object) take(name string) (json.RawMessage, bool) {
	raw, ok := o.fields[name]
	if !ok {
		return nil, false
	}
	delete(o.fields, name)
	if string(raw) == "null" {
		if o.patch {
			o.wrong(name, codeInvalidField, "%s cannot be null; leave it out to keep it as it is.", o.at+name)
		}
		return nil, false
	}
	return raw, true
}

// need notes that a required field is missing. It is asked before the field is taken.
func (o *object) need(name string) {
	if raw, ok := o.fields[name]; !ok || string(raw) == "null" {
		o.wrong(name, codeRequired, "%s is required.", o.at+name)
	}
}

// finish reports every fault of the object and those below it, unknown names last.
func (o *object) finish() error {
	o.leftovers()
	if len(*o.found) == 0 {
		return nil
	}
	return fieldProblem(*o.found)
}

// leftovers notes the names nobody asked for.
func (o *object) leftovers() {
	names := make([]string, 0, len(o.fields))
	for name := range o.fields {
		names = append(names, name)
	}
	slices.Sort(names)
	const most = 20 // names are the caller's; a refusal stays readable
	for _, name := range names[:min(len(names), most)] {
		o.wrong(clip(name), codeUnknownField, "There is no field %q here.", clip(name))
	}
}

// clip shortens a name of the caller's before it is shown.
func clip(name string) string {
	if r := []rune(name); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return name
}
