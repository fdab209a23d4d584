package sip

import (
	"slices"
	"time"
)

// alarms are the deadlines of one call, kept by its goroutine: one timer, no
// callback from another goroutine.
type alarms struct {
	at    []alarm // never more than a handful
	timer *time.Timer
}

type alarm struct {
	name string
	when time.Time
	do   func()
}

func newAlarms() alarms {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return alarms{timer: t}
}

// set replaces the alarm of that name.
func (s *alarms) set(name string, in time.Duration, do func()) {
	s.remove(name)
	s.at = append(s.at, alarm{name: name, when: time.Now().Add(in), do: do})
	s.arm()
}

func (s *alarms) clear(name string) {
	if s.remove(name) {
		s.arm()
	}
}

func (s *alarms) has(name string) bool {
	return slices.ContainsFunc(s.at, func(a alarm) bool { return a.name == name })
}

func (s *alarms) remove(name string) bool {
	before := len(s.at)
	s.at = slices.DeleteFunc(s.at, func(a alarm) bool { return a.name == name })
	return len(s.at) < before
}

// first is the place of the earliest alarm, -1 when there is none.
func (s *alarms) first() int {
	first := -1
	for i, a := range s.at {
		if first < 0 || a.when.Before(s.at[first].when) {
			first = i
		}
	}
	return first
}

func (s *alarms) arm() {
	s.timer.Stop()
	if i := s.first(); i >= 0 {
		s.timer.Reset(max(time.Until(s.at[i].when), 0))
	}
}

// due takes out the earliest alarm whose time has come. Running it may set or
// clear others, so they are taken one by one.
func (s *alarms) due() (do func(), ok bool) {
	i := s.first()
	if i < 0 || s.at[i].when.After(time.Now()) {
		s.arm()
		return nil, false
	}
	do = s.at[i].do
	s.at = slices.Delete(s.at, i, i+1)
	return do, true
}
