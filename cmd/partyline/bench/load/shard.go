package load

import (
	"math/rand/v2"
	"runtime"

	"partyline/cmd/partyline/bench/clock"
	"partyline/cmd/partyline/bench/ear"
)

const (
	tick  = int64(20e6)
	slots = 8 // phases at which phones speak, spread over the 20 ms
	slot  = tick / slots

	maxReads = 8                 // of one leg in a turn
	backlog  = tick - int64(5e5) // a packet this old has another one behind it
	jitter   = int64(40e6)       // of a wild leg's packets
)

// shard is a locked thread that speaks for its legs and listens to them.
type shard struct {
	legs  [slots][]*leg
	slow  []*leg // that speak through a network which may delay
	tally tally
	do    chan func()
	quit  bool
	buf   [2048]byte
}

// tally is what a shard has counted that belongs to no leg.
type tally struct {
	sent, refused uint64
	skipped       uint64     // turns left out after a stall of this process
	late          ear.Spread // turns of this process
	jitter, delay ear.Spread
	marks         []float64 // ms, in the order they came; few
}

func newShard(legs []*leg, room int) *shard {
	s := &shard{do: make(chan func(), 16)}
	for _, l := range legs {
		at := (l.index + l.index/room) % slots // speakers, too, at all phases
		s.legs[at] = append(s.legs[at], l)
		if l.late != nil {
			s.slow = append(s.slow, l)
		}
	}
	return s
}

// run speaks and listens until quit.
func (s *shard) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	next := clock.Now()
	for at := 0; !s.quit; at = (at + 1) % slots {
		next += slot
		clock.Sleep(next)
		late := clock.Now() - next
		s.tally.late.Note(late)
		if late > 3*tick { // a real phone would not send a second in one burst
			n := late / tick
			next += n * tick
			s.tally.skipped += uint64(n)
		}
		select {
		case f := <-s.do:
			f()
		default:
		}
		s.turn(s.legs[at])
	}
}

func (s *shard) turn(legs []*leg) {
	now := clock.Wall()
	for _, l := range s.slow {
		if l.sending != nil {
			s.flush(l, now)
		}
	}
	for _, l := range legs {
		if to := l.dest.Load(); to != l.sending {
			if to == nil {
				l.sending = nil
			} else {
				l.dial(to)
			}
		}
		if l.sending != nil {
			s.speak(l, now)
		}
		s.listen(l, now)
	}
}

func (s *shard) speak(l *leg, now int64) {
	marked := l.next()
	if l.late != nil {
		s.speakLate(l, now, marked)
		return
	}
	if marked {
		l.marked.Store(clock.Wall())
	}
	s.send(l, l.packet[:])
	l.packet[1] = 0
}

func (s *shard) send(l *leg, packet []byte) {
	if l.rtp.Write(packet, l.sending) {
		s.tally.sent++
	} else {
		s.tally.refused++
	}
}

// speakLate sends through a network that delays at random. A mark's time is
// when it was spoken, not when it got through.
func (s *shard) speakLate(l *leg, now int64, marked bool) {
	if marked {
		l.marked.Store(now)
	}
	d := delayed{due: now, packet: l.packet}
	l.packet[1] = 0
	if l.wild.Load() {
		d.due += rand.Int64N(jitter)
	}
	if len(l.late) < cap(l.late) {
		l.late = append(l.late, d)
	}
	s.flush(l, now)
}

// flush sends what is due; that is looked at in every turn.
func (s *shard) flush(l *leg, now int64) {
	kept := l.late[:0]
	for i := range l.late {
		if d := &l.late[i]; d.due <= now {
			s.send(l, d.packet[:])
		} else {
			kept = append(kept, *d)
		}
	}
	l.late = kept
}

func (s *shard) listen(l *leg, now int64) {
	for range maxReads {
		n, _, at, ok := l.rtp.ReadStamped(s.buf[:])
		if !ok {
			return
		}
		if at == 0 {
			at = now
		}
		s.hear(l, s.buf[:n], at)
		if now-at < backlog {
			return
		}
	}
}

func (s *shard) hear(l *leg, packet []byte, at int64) {
	payload, missing, off, early := l.line.Packet(packet, at)
	if !early {
		s.tally.jitter.Note(off)
	}
	if payload == nil {
		return
	}
	if l.speaker != nil && l.speaker.plan.Spurts {
		for range missing {
			l.spurt.Lost()
		}
		l.spurt.Frame(payload, l.speaker.plan.Voice)
	}
	if missing > 0 {
		l.ear.Lost(missing)
	}
	began, ok := l.ear.Frame(payload, at, l.rule.Load())
	if !ok || l.speaker == nil || l.speaker == l {
		return
	}
	if delay := began - l.speaker.marked.Load(); delay >= 0 {
		s.tally.delay.Note(delay)
		if len(s.tally.marks) < cap(s.tally.marks) {
			s.tally.marks = append(s.tally.marks, float64(delay)/1e6)
		}
	}
}
