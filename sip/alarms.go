package sip

import "time"

// alarms are the deadlines of one call, kept by its goroutine: one timer, no
// callback from another goroutine.
type alarms struct {
	at    map[string]alarm
	timer *time.Timer
}

type alarm struct {
	when time.Time
	do   func()
}

func newAlarms() alarms {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return alarms{at: map[string]alarm{}, timer: t}
}

// set replaces the alarm of that name.
func (s *alarms) set(name string, in time.Duration, do func()) {
	s.at[name] = alarm{when: time.Now().Add(in), do: do}
	s.arm()
}

func (s *alarms) clear(name string) {
	if _, ok := s.at[name]; ok {
		delete(s.at, name)
		s.arm()
	}
}

func (s *alarms) arm() {
	s.timer.Stop()
	var first time.Time
	for _, a := range s.at {
		if first.IsZero() || a.when.Before(first) {
			first = a.when
		}
	}
	if !first.IsZero() {
		s.timer.Reset(max(time.Until(first), 0))
	}
}

// due takes out the earliest alarm whose time has come. Running it may set or
// clear others, so they are taken one by one.
func (s *alarms) due() (do func(), ok bool) {
	var first string
	for name, a := range s.at {
		if b, found := s.at[first]; !found || a.when.Before(b.when) {
			first = name
		}
	}
	a, found := s.at[first]
	if !found || a.when.After(time.Now()) {
		s.arm()
		return nil, false
	}
	delete(s.at, first)
	return a.do, true
}
