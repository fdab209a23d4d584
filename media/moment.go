package media

import "time"

// Moment is what a room sounded like on one tick of 20 ms. It holds sums
// beyond 16 bits: what is heard is both rates together, through a Limiter.
// Its slices are good until the next call of Next, and may be changed.
type Moment struct {
	Tick   int64    // counted from the tap's first, without gaps
	Narrow []int32  // what was said at 8 kHz, the room's own prompts with it; nil: nothing
	Wide   []int32  // what was said at 16 kHz; nil: nothing
	Whole  bool     // the sums are there and hold all Voices; else take those alone
	Voices []Spoken // of a tap with voices: who put how much into the sums; each leg once
}

// Spoken is what one leg put into the sum.
type Spoken struct {
	Leg  LegID
	Rate int     // 8000 or 16000
	PCM  []int16 // 20 ms; silence is left out
}

// Next waits for the next 20 ms of the room. It is false when the tap has
// ended: by Close, Release, or the end of the room or of the engine. A tick
// comes within 320 ms; what it is too late for is silence.
func (t *Tap) Next() (Moment, bool) {
	for !t.take() {
		if t.over() {
			return Moment{}, false
		}
		t.rest()
	}
	return t.moment, true
}

// take makes the next moment if everything that belongs to it is there.
func (t *Tap) take() bool {
	first := t.first.Load()
	if first == unset {
		return false
	}
	t.at = max(t.at, first)
	if t.at > t.ready {
		t.look()
	}
	if t.at > t.ready {
		return false
	}
	m := &t.moment
	*m = Moment{Tick: t.at - first, Whole: true, Voices: m.Voices[:0]}
	for _, f := range t.reading {
		f.add(m, t.at)
	}
	for _, v := range m.Voices {
		if v.Rate == 8000 && m.Narrow == nil || v.Rate == 16000 && m.Wide == nil {
			m.Whole = false
		}
	}
	t.at++
	return true
}

// add gives the moment what the feed has of a tick. What is older has come
// too late.
func (f *feed) add(m *Moment, at int64) {
	if f.sums != nil {
		f.sums.reuse()
		for v := f.sums.peek(); v != nil && v.tick <= at; v = f.sums.peek() {
			f.sums.skip()
			if v.tick < at {
				continue
			}
			m.Whole = m.Whole && v.whole
			if v.rate == wide {
				m.Wide = v.pcm[:wideFrame]
			} else {
				m.Narrow = v.pcm[:frame]
			}
		}
	}
	if f.spoken != nil {
		f.spoken.reuse()
		for v := f.spoken.peek(); v != nil && v.tick <= at; v = f.spoken.peek() {
			f.spoken.skip()
			if v.tick == at {
				m.Voices = append(m.Voices, Spoken{v.leg, 8000 << v.rate, v.pcm[:perTick(v.rate)]})
			}
		}
	}
}

// look finds out how far the workers are. One that has nothing to do does not
// count its ticks.
func (t *Tap) look() {
	t.mu.Lock()
	t.reading = append(t.reading[:0], t.feeds...)
	t.mu.Unlock()
	now := t.engine.now() / tick
	ready := now
	for _, f := range t.reading {
		ready = min(ready, max(f.done.Load(), now-tapLate))
		f.provide(now)
	}
	if last := t.last.Load(); last != unset {
		ready = min(ready, last)
	}
	t.ready = max(t.ready, ready)
}

// provide lets the worker go on for a while when the reader does not come, at
// the pace of the last half second.
func (f *feed) provide(now int64) {
	ticks := now - f.since
	if ticks < int64(time.Second/2)/tick {
		return
	}
	f.since = now
	f.sums.keepUp(ticks)
	f.spoken.keepUp(ticks)
}

// over tells whether nothing will come any more.
func (t *Tap) over() bool {
	if t.first.Load() == unset {
		return t.ended() // before it began
	}
	last := t.last.Load()
	return last != unset && t.at > last
}

func (t *Tap) ended() bool {
	select {
	case <-t.closed:
		return true
	default:
		return false
	}
}

// rest sleeps until there may be something.
func (t *Tap) rest() {
	t.mu.Lock()
	e := t.engine
	t.mu.Unlock()
	var done <-chan struct{} // never, as long as there is no engine
	if e != nil {
		done = e.done
	}
	if t.ended() {
		time.Sleep(time.Duration(tick)) // the last ticks are on their way
		return
	}
	timer := time.NewTimer(tapRest)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.closed:
	case <-done:
		t.Close()
	}
}
