package sms

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode"
)

// Log is a Provider for development: it sends nothing and writes every text,
// PIN included, to its writer, so that a person at the terminal can type the
// PIN. That is its purpose and the reason it writes to a writer of its own
// choosing and never to the log. Do not use it in service.
type Log struct {
	mu sync.Mutex
	w  io.Writer
}

// NewLog returns a provider that writes to w, the operator's terminal.
func NewLog(w io.Writer) *Log { return &Log{w: w} }

// Send writes the text as one line. A failing writer is a RetryError.
func (l *Log) Send(_ context.Context, t Text) (Receipt, error) {
	line := fmt.Sprintf("SMS to %s: %s\n", mask(t.To), printable(t.Body))
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := io.WriteString(l.w, line); err != nil {
		return Receipt{}, &RetryError{Detail: "the terminal took no text: " + err.Error()}
	}
	return Receipt{ProviderID: "log_" + t.ID}, nil
}

// Find always answers ErrCannotTell: nothing is kept.
func (l *Log) Find(context.Context, Text, time.Time) (Receipt, bool, error) {
	return Receipt{}, false, ErrCannotTell
}

// printable keeps a text from moving the terminal's cursor.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
}
