package trunk

import "time"

// Status of a trunk, for doctor, metrics and readiness.
type Status struct {
	Name         string
	Up           bool   // answers OPTIONS, as far as is known: a new trunk is up
	Why          string // it is down, in words for people; "" when it is up
	RestingUntil time.Time
	InUse        int // channels taken
	Channels     int
	CPS          float64
	Free         int           // calls that could be placed this moment
	RTT          time.Duration // of the last answered OPTIONS; 0: none yet
	Checked      time.Time     // when MarkUp or MarkDown was last called
}

// Status of every trunk, in the order of configuration.
func (s *Set) Status() []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	out := make([]Status, 0, len(s.lines))
	for _, l := range s.lines {
		st := Status{
			Name: l.def.Name, Up: !l.down, Why: l.why, RestingUntil: l.resting,
			InUse: l.inUse, Channels: l.def.Channels, CPS: l.def.CPS, RTT: l.rtt, Checked: l.checked,
		}
		if l.free(now) {
			st.Free = min(l.def.Channels-l.inUse, l.burst-len(l.launched)-l.reserved)
		}
		out = append(out, st)
	}
	return out
}

// Get is a trunk's definition with its defaults filled in.
func (s *Set) Get(name string) (Trunk, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l := s.find(name); l != nil {
		return l.def, true
	}
	return Trunk{}, false
}

// Waiting is how many Reserve and Next calls are blocked.
func (s *Set) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.failover) + len(s.fresh)
}

// Rest leaves a trunk alone for d (at most MaxRest) after it said that it has
// enough: 503 or 429. A shorter rest never cuts a longer one. Calls in
// progress go on. It reports whether the trunk was not resting before, so that
// only the first of many refusals is told.
func (s *Set) Rest(name string, d time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.find(name)
	if l == nil || d <= 0 {
		return false
	}
	now := time.Now()
	first := !now.Before(l.resting)
	if until := now.Add(min(d, MaxRest)); until.After(l.resting) {
		l.resting = until
	}
	s.arm(now)
	return first
}

// MarkDown takes a trunk out of the choice until MarkUp, and says why in words
// for people. It reports whether the trunk was up before.
func (s *Set) MarkDown(name, why string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.find(name)
	if l == nil {
		return false
	}
	was := !l.down
	l.down, l.why, l.checked = true, why, time.Now()
	s.arm(l.checked)
	return was
}

// MarkUp puts a trunk back into the choice; rtt is how long its answer took.
// It reports whether the trunk was down before.
func (s *Set) MarkUp(name string, rtt time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.find(name)
	if l == nil {
		return false
	}
	was := l.down
	l.down, l.why, l.rtt, l.checked = false, "", rtt, time.Now()
	s.serve()
	return was
}

func (s *Set) find(name string) *line {
	for _, l := range s.lines {
		if l.def.Name == name {
			return l
		}
	}
	return nil
}
