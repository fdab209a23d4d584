package smstest

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// list shows texts, as GET …/Messages.json does: newest first, filtered by To,
// From and the date sent, a page at a time. Like the real service it knows no
// date sent of a text that it has not passed on yet, so a filter by that date
// hides it.
func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.lists++
	texts := slices.Clone(s.texts)
	s.mu.Unlock()
	if step := s.nextListStep(); step.before(s, w, r) {
		return
	}
	q := r.URL.Query()
	keep, ok := dateFilter(q)
	if !ok {
		refuse(w, http.StatusBadRequest, 20001, "malformed DateSent")
		return
	}
	texts = slices.DeleteFunc(texts, func(t Text) bool {
		return q.Get("To") != "" && q.Get("To") != t.To ||
			q.Get("From") != "" && q.Get("From") != t.From || !keep(t)
	})
	slices.Reverse(texts)
	size, page := number(q.Get("PageSize"), 50), number(q.Get("Page"), 0)
	size = min(max(size, 1), 1000)
	start := min(page*size, len(texts))
	end := min(start+size, len(texts))
	messages := []any{}
	for _, t := range texts[start:end] {
		messages = append(messages, s.resource(t))
	}
	next := any(nil)
	if end < len(texts) {
		q.Set("Page", strconv.Itoa(page+1))
		next = r.URL.Path + "?" + q.Encode()
	}
	answer(w, http.StatusOK, map[string]any{
		"messages": messages, "page": page, "page_size": size, "start": start, "end": max(end-1, 0),
		"uri": r.URL.RequestURI(), "first_page_uri": r.URL.Path, "next_page_uri": next, "previous_page_uri": nil,
	})
}

func dateFilter(q url.Values) (keep func(Text) bool, ok bool) {
	tests := []func(Text) bool{}
	for name, fits := range map[string]func(sent, bound time.Time) bool{
		"DateSent>": func(sent, bound time.Time) bool { return !sent.Before(bound) },
		"DateSent<": func(sent, bound time.Time) bool { return !sent.After(bound) },
		"DateSent":  func(sent, bound time.Time) bool { return sent.Format(time.DateOnly) == bound.Format(time.DateOnly) },
	} {
		value := q.Get(name)
		if value == "" {
			continue
		}
		bound, err := time.Parse(time.RFC3339, value)
		if err != nil {
			if bound, err = time.Parse(time.DateOnly, value); err != nil {
				return nil, false
			}
		}
		tests = append(tests, func(t Text) bool { return t.Status != "queued" && fits(t.Created.UTC(), bound) })
	}
	return func(t Text) bool {
		return !slices.ContainsFunc(tests, func(fits func(Text) bool) bool { return !fits(t) })
	}, true
}

func number(s string, otherwise int) int {
	if n, err := strconv.Atoi(s); err == nil && n >= 0 {
		return n
	}
	return otherwise
}
