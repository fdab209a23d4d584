package demo

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"partyline/cmd/partyline/carrier"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// paper is a screen that many may write to.
type paper struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *paper) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func (p *paper) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}

// The whole demonstration, as short as it can be.
func TestEverybodyEndsAsScripted(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	var out paper
	log := filepath.Join(t.TempDir(), "log")
	ok, err := Run(t.Context(), Options{For: shortest, Listen: taken.Addr().String(), LogFile: log, Out: &out})
	text := out.String()
	if err != nil || !ok {
		b, _ := os.ReadFile(log)
		t.Fatalf("ok %v, %v:\n%s\nlog:\n%s", ok, err, text, b)
	}
	for _, want := range []string{
		"  key    demo-", "curl -s -H 'X-Auth-Token: demo-", "SMS to +12025550213:", "Ada Presenter",
		"rejected: busy [486]", "rejected: no_answer", "rejected: wrong_pin", "disconnected: conference_ended", "24 of 24 participants ended as scripted",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in what it showed", want)
		}
	}
	if strings.Contains(text, "NOT AS SCRIPTED") || strings.Contains(text, taken.Addr().String()) {
		t.Errorf("it showed:\n%s", text)
	}
}

// Somebody who has had enough gets a summary too.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out paper
	done := make(chan error, 1)
	go func() {
		_, err := Run(ctx, Options{Legs: 3, Listen: "127.0.0.1:0", Out: &out})
		done <- err
	}()
	for end := time.Now().Add(20 * time.Second); strings.Count(out.String(), " connected (in_mix)\n") < 3; {
		if time.Now().After(end) {
			t.Fatalf("nobody is connected:\n%s", out.String())
		}
		select {
		case err := <-done:
			t.Fatalf("it ended: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if !strings.Contains(out.String(), "3 of 3 participants ended as scripted") {
		t.Error(out.String())
	}
}

func TestCast(t *testing.T) {
	names := func(ms []member) string {
		var all []string
		for _, m := range ms {
			all = append(all, m.name)
		}
		return strings.Join(all, ",")
	}
	all := cast(0, 0)
	if want := 7 + len(carrier.Scripts()); len(all) != want {
		t.Errorf("%d people, want %d", len(all), want)
	}
	if short := cast(0, shortest); len(short) != len(all)-1 || strings.Contains(names(short), "half a minute") {
		t.Errorf("in 30 s: %s", names(short))
	}
	if one := cast(1, 0); len(one) != 1 || one[0].role != "presenter" {
		t.Errorf("one person: %s", names(one))
	}
	many := cast(300, 0)
	if len(many) != 300 || !strings.HasPrefix(names(many), names(all)) {
		t.Errorf("%d people, the characters not first", len(many))
	}
	for _, m := range many {
		if m.status == "" || m.reason == "" || len(m.number) != 12 || m.name == "" || len(m.name) > 38 {
			t.Errorf("%+v", m)
		}
	}
	for _, m := range all {
		add := m.add()
		if pin := strings.Contains(m.name, "PIN"); pin != (add["send_pin_via_sms"] == true) {
			t.Errorf("%s: %v", m.name, add)
		}
	}
}

func people(n int, status string) []row {
	var rows []row
	for i := range n {
		rows = append(rows, row{ID: fmt.Sprint(i), PhoneNumber: fmt.Sprintf("+1202555%04d", i), Name: "N", Role: "listener", Status: status})
	}
	return rows
}

// Elsewhere than on a terminal each change is a line, and no change is none.
func TestPlainScreen(t *testing.T) {
	var out paper
	s := newScreen(&out, false)
	rows := people(2, "dialing")
	s.show(rows)
	s.show(rows)
	rows[1].Status, rows[1].Reason = "rejected", "busy"
	rows[1].SIP = &struct {
		Code   int    `json:"code"`
		Phrase string `json:"phrase"`
	}{486, "Busy Here"}
	s.show(rows)
	fmt.Fprintln(s, "a text")
	s.done()
	text := out.String()
	if strings.Count(text, "\n") != 4 || !strings.Contains(text, "rejected: busy [486]") || !strings.HasSuffix(text, "a text\n") || strings.Contains(text, "\x1b") {
		t.Errorf("%q", text)
	}
}

// On a terminal the roster is drawn over the one before, and text goes above it.
func TestTerminal(t *testing.T) {
	var out paper
	s := newScreen(&out, true)
	rows := people(mostRows+5, "connected")
	rows[0].Effective.Speaks, rows[0].Effective.Hears = true, true
	rows[1].Effective.Hears = true
	s.show(rows)
	first := out.String()
	if strings.Count(first, "\n") != mostRows+2 || !strings.Contains(first, "and 5 more") || !strings.Contains(first, "45 connected, 0 held") ||
		!strings.HasPrefix(first, " ● ") || !strings.Contains(first, "\n ○ ") || strings.Contains(first, "\x1b") {
		t.Errorf("%q", first)
	}
	fmt.Fprintln(s, "a text")
	up := fmt.Sprintf("\x1b[%dA\x1b[J", mostRows+2)
	if got := strings.TrimPrefix(out.String(), first); !strings.HasPrefix(got, up+"a text\n ● ") {
		t.Errorf("%q", got)
	}
	before := out.String()
	s.show(rows[:2])
	if got := strings.TrimPrefix(out.String(), before); !strings.HasPrefix(got, up) || strings.Count(got, "\n") != 3 {
		t.Errorf("%q", got)
	}
	s.done()
	before = out.String()
	fmt.Fprintln(s, "the end")
	if got := strings.TrimPrefix(out.String(), before); got != "the end\n" {
		t.Errorf("%q", got)
	}
}

func TestTooShort(t *testing.T) {
	if ok, err := Run(t.Context(), Options{For: shortest - 1}); ok || err == nil || !strings.Contains(err.Error(), "too short") {
		t.Errorf("%v %v", ok, err)
	}
}
