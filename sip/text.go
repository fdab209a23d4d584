package sip

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/emiago/sipgo/sip"

	"partyline/sip/edge"
)

var errUnsafe = errors.New("sip: control character in a header")

// headerText refuses text that would end a header line: the last thing that
// stands between outside text and the wire.
func headerText(ss ...string) error {
	for _, s := range ss {
		for _, r := range s {
			if (r < ' ' && r != '\t') || r == 0x7f {
				return errUnsafe
			}
		}
	}
	return nil
}

// wordText refuses white space besides control characters.
func wordText(ss ...string) error {
	for _, s := range ss {
		for _, r := range s {
			if r <= ' ' || r == 0x7f {
				return errUnsafe
			}
		}
	}
	return nil
}

// token makes a Call-ID, tag or branch nobody can guess: 64 bits.
func token() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// safe is the gate in front of the wire: no header and no start line may hold
// a line end.
func safe(m sip.Message) error {
	var headers []sip.Header
	start := ""
	switch m := m.(type) {
	case *sip.Request:
		headers, start = m.Headers(), m.StartLine()
	case *sip.Response:
		headers, start = m.Headers(), m.StartLine()
	}
	if err := headerText(start); err != nil {
		return err
	}
	for _, h := range headers {
		if err := headerText(h.Name(), h.Value()); err != nil {
			return fmt.Errorf("%s: %w", h.Name(), err)
		}
	}
	return nil
}

// displayName is a name as sipgo wants it, which puts the quotes around it.
func displayName(s string) (string, error) {
	quoted, err := edge.SafeDisplayName(s)
	if err != nil || quoted == "" {
		return "", err
	}
	return quoted[1 : len(quoted)-1], nil
}
