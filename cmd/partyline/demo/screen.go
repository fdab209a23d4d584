package demo

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// screen shows the roster live: redrawn in place on a terminal, a line for
// each change elsewhere. Other text may be written to it at any time.
type screen struct {
	mu       sync.Mutex
	out      io.Writer
	terminal bool
	began    time.Time
	drawn    int // lines of the last drawing
	last     map[string]string
	rows     []row
}

func newScreen(out io.Writer, terminal bool) *screen {
	return &screen{out: out, terminal: terminal, began: time.Now(), last: make(map[string]string)}
}

// Write puts text above the roster.
func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	n, err := s.out.Write(b)
	s.draw()
	return n, err
}

// show takes the roster as it is now.
func (s *screen) show(rows []row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.terminal {
		s.erase()
		s.rows = rows
		s.draw()
		return
	}
	for _, r := range rows {
		if now := r.state(); s.last[r.ID] != now {
			s.last[r.ID] = now
			fmt.Fprintf(s.out, "%5.1fs  %s  %-11s %-38s %s\n", time.Since(s.began).Seconds(), r.PhoneNumber, r.Role, r.Name, now)
		}
	}
}

func (s *screen) erase() {
	if s.terminal && s.drawn > 0 {
		fmt.Fprintf(s.out, "\x1b[%dA\x1b[J", s.drawn)
		s.drawn = 0
	}
}

// mostRows keeps a large conference within a screen.
const mostRows = 40

func (s *screen) draw() {
	if !s.terminal || len(s.rows) == 0 {
		return
	}
	var b strings.Builder
	count := map[string]int{}
	for i, r := range s.rows {
		count[r.Status]++
		if i >= mostRows {
			continue
		}
		voice := " "
		if r.Effective.Speaks {
			voice = "●"
		} else if r.Effective.Hears {
			voice = "○"
		}
		fmt.Fprintf(&b, " %s %s  %-11s %-38s %-34s %4ds\n", voice, r.PhoneNumber, r.Role, r.Name, r.state(), r.Duration)
	}
	if more := len(s.rows) - mostRows; more > 0 {
		fmt.Fprintf(&b, "   and %d more\n", more)
	}
	fmt.Fprintf(&b, " %d connected, %d held, %d dialing, %d pending, %d rejected, %d disconnected   %.0fs\n",
		count["connected"], count["held"], count["dialing"], count["pending"], count["rejected"], count["disconnected"], time.Since(s.began).Seconds())
	s.drawn = strings.Count(b.String(), "\n")
	_, _ = io.WriteString(s.out, b.String())
}

// done leaves the last drawing standing.
func (s *screen) done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drawn, s.rows = 0, nil
}
