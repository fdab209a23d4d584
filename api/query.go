package api

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"partyline/state"
)

// query takes parameters out of a query string; what is left is refused.
type query struct {
	values url.Values
	found  []FieldError
}

func newQuery(v url.Values) *query { return &query{values: v} }

// query refuses every parameter of a route that takes none.
func (c *call) query() error { return newQuery(c.r.URL.Query()).finish() }

func (q *query) wrong(name, code, format string, args ...any) {
	q.found = append(q.found, FieldError{Code: code, Param: name, Detail: fmt.Sprintf(format, args...)})
}

func (q *query) take(name string) (string, bool) {
	given, ok := q.values[name]
	if !ok {
		return "", false
	}
	delete(q.values, name)
	if len(given) > 1 {
		q.wrong(name, codeUnknownParameter, "%s is given twice.", name)
		return "", false
	}
	return given[0], given[0] != ""
}

// cursor is ?after=, the last id of the page before.
func (q *query) cursor() string {
	s, ok := q.take("after")
	if ok && !validID(s) {
		q.wrong("after", codeInvalidField, "after takes the next of the page before.")
		return ""
	}
	return s
}

// id is an id of ours as a parameter.
func (q *query) id(name string) string {
	s, ok := q.take(name)
	if ok && !validID(s) {
		q.wrong(name, codeInvalidField, "%s takes an id.", name)
		return ""
	}
	return s
}

func (q *query) limit(most int) int {
	s, ok := q.take("limit")
	if !ok {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > most {
		q.wrong("limit", codeInvalidField, "limit must be a whole number from 1 to %d.", most)
		return 0
	}
	return n
}

func (q *query) flag(name string) bool {
	s, ok := q.take(name)
	if ok && s != "true" && s != "false" {
		q.wrong(name, codeInvalidField, "%s must be true or false.", name)
	}
	return s == "true"
}

// seq is ?after= of the event stream.
func (q *query) seq() (uint64, bool) {
	s, ok := q.take("after")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil {
		q.wrong("after", codeInvalidField, "after must be the seq of an event.")
		return 0, false
	}
	return n, true
}

var statuses = []state.Status{state.Pending, state.Dialing, state.Connected, state.Held, state.Disconnected, state.Rejected}

// statuses is ?status=, several separated by commas.
func (q *query) statuses() []state.Status {
	s, ok := q.take("status")
	if !ok {
		return nil
	}
	var out []state.Status
	for _, word := range strings.Split(s, ",") {
		if !slices.Contains(statuses, state.Status(word)) {
			q.wrong("status", codeInvalidField, "status takes pending, dialing, connected, held, disconnected and rejected, separated by commas.")
			return nil
		}
		out = append(out, state.Status(word))
	}
	return out
}

func (q *query) finish() error {
	names := make([]string, 0, len(q.values))
	for name := range q.values {
		names = append(names, clip(name))
	}
	slices.Sort(names)
	for _, name := range names[:min(len(names), 20)] {
		q.wrong(name, codeUnknownParameter, "There is no query parameter %q here.", name)
	}
	if len(q.found) == 0 {
		return nil
	}
	return fieldProblem(q.found)
}
