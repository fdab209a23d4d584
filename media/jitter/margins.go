package jitter

import "time"

// margins remembers how long before their tick recent packets came: the
// least and the most in each of eight half-seconds. The least is what the
// delay can still shrink by, the difference is the jitter of the line.
type margins struct {
	least, most [buckets]int64
	used        [buckets]bool
	at          int
	since       int64 // when the bucket at `at` began
	full        int   // buckets begun since the last restart
}

const (
	buckets = 8
	bucket  = int64(500 * time.Millisecond)
)

func (m *margins) add(margin, now int64) {
	if m.full == 0 {
		m.full, m.since = 1, now
	}
	for now-m.since >= bucket {
		if now-m.since >= bucket*buckets {
			m.since = now - bucket
		}
		m.at = (m.at + 1) % buckets
		m.used[m.at] = false
		m.since += bucket
		m.full = min(m.full+1, buckets+1)
	}
	if !m.used[m.at] {
		m.least[m.at], m.most[m.at], m.used[m.at] = margin, margin, true
		return
	}
	m.least[m.at] = min(m.least[m.at], margin)
	m.most[m.at] = max(m.most[m.at], margin)
}

// shift moves all that is remembered: the play position has moved.
func (m *margins) shift(by int64) {
	for i := range m.least {
		m.least[i] += by
		m.most[i] += by
	}
}

// widen moves only the most: what is held waits longer, while the next
// packets may still be needed as soon as before.
func (m *margins) widen(by int64) {
	for i := range m.most {
		m.most[i] += by
	}
}

// bounds are the least and the most margin remembered.
func (m *margins) bounds() (least, most int64, ok bool) {
	for i, used := range m.used {
		switch {
		case !used:
		case !ok:
			least, most, ok = m.least[i], m.most[i], true
		default:
			least, most = min(least, m.least[i]), max(most, m.most[i])
		}
	}
	return least, most, ok
}

// settled tells whether the whole window has been seen.
func (m *margins) settled() bool { return m.full > buckets }
