package jitter

import "time"

// margins remembers how long before their tick recent packets came: the
// least and the most in each of eight half-seconds. The least is what the
// delay can still shrink by, the difference is the jitter of the line.
type margins struct {
	least, most [buckets]int64
	low, high   int64 // of all used buckets
	since       int64 // when the bucket at `at` began
	at          int32
	full        int32 // buckets begun since the last restart
	used        [buckets]bool
	any         bool // a bucket is used
}

const (
	buckets = 8
	bucket  = int64(500 * time.Millisecond)
)

func (m *margins) add(margin, now int64) {
	if m.full == 0 {
		m.full, m.since = 1, now
	}
	if now-m.since >= bucket {
		m.turn(now)
	}
	if !m.used[m.at] {
		m.least[m.at], m.most[m.at], m.used[m.at] = margin, margin, true
	} else {
		m.least[m.at] = min(m.least[m.at], margin)
		m.most[m.at] = max(m.most[m.at], margin)
	}
	if !m.any {
		m.low, m.high, m.any = margin, margin, true
		return
	}
	m.low = min(m.low, margin)
	m.high = max(m.high, margin)
}

// turn begins new buckets in the place of the oldest.
func (m *margins) turn(now int64) {
	for now-m.since >= bucket {
		if now-m.since >= bucket*buckets {
			m.since = now - bucket
		}
		m.at = (m.at + 1) % buckets
		m.used[m.at] = false
		m.since += bucket
		m.full = min(m.full+1, buckets+1)
	}
	m.any = false
	for i, used := range m.used {
		switch {
		case !used:
		case !m.any:
			m.low, m.high, m.any = m.least[i], m.most[i], true
		default:
			m.low, m.high = min(m.low, m.least[i]), max(m.high, m.most[i])
		}
	}
}

// shift moves all that is remembered: the play position has moved.
func (m *margins) shift(by int64) {
	for i := range m.least {
		m.least[i] += by
	}
	m.low += by
	m.widen(by)
}

// widen moves only the most: what is held waits longer, while the next
// packets may still be needed as soon as before.
func (m *margins) widen(by int64) {
	for i := range m.most {
		m.most[i] += by
	}
	m.high += by
}

// bounds are the least and the most margin remembered.
func (m *margins) bounds() (least, most int64, ok bool) { return m.low, m.high, m.any }

// settled tells whether the whole window has been seen.
func (m *margins) settled() bool { return m.full > buckets }
