package demo

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"partyline/sms"
)

// texter shows each text instead of sending it, and lets the phones read it.
type texter struct {
	mu     sync.Mutex
	out    io.Writer
	bodies map[string][]string
}

func newTexter(out io.Writer) *texter {
	return &texter{out: out, bodies: make(map[string][]string)}
}

func (t *texter) Send(_ context.Context, m sms.Text) (sms.Receipt, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bodies[m.To] = append(t.bodies[m.To], m.Body)
	fmt.Fprintf(t.out, "SMS to %s: %s\n", m.To, m.Body)
	return sms.Receipt{ProviderID: "demo-" + m.ID}, nil
}

func (t *texter) Find(context.Context, sms.Text, time.Time) (sms.Receipt, bool, error) {
	return sms.Receipt{}, false, nil
}

// TextsTo is what a phone finds when it looks.
func (t *texter) TextsTo(number string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.bodies[number]...)
}
