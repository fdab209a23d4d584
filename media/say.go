package media

// Speech to a whole room. When each clip begins is settled once, in ticks of
// the engine's clock, which all workers share: so a room that is spread over
// several turns its speakers down on the same tick everywhere, and the worker
// at home alone adds the words.

const (
	sayMost = 8  // clips that wait or are being said; more are left out
	sayGap  = 15 // ticks between two: 300 ms
	saySoon = 3  // ticks until the first begins: the command must be there
)

// saying is a clip and when it is said.
type saying struct {
	clip  *Clip
	from  int64 // first tick
	until int64 // first tick after it
}

// Say puts speech into everyone's mix: one after another, never two at once,
// and the speakers are turned down meanwhile. More than eight that wait are
// left out.
func (r *Room) Say(clip *Clip) {
	if clip == nil || len(clip.PCM) == 0 {
		return
	}
	e := r.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.closed || e.closed {
		return
	}
	now := e.now() / tick
	r.says = due(r.says, now)
	if len(r.says) == sayMost {
		return
	}
	from := now + saySoon
	if n := len(r.says); n > 0 {
		from = max(from, r.says[n-1].until+sayGap)
	}
	s := saying{clip, from, from + int64(len(clip.PCM)+frame-1)/frame}
	r.says = append(r.says, s)
	for at, share := range r.shares {
		if share != nil {
			home := at == r.home.id
			e.workers[at].post(command{room: share, run: func(*worker) { share.hearSaid(s, home) }})
		}
	}
}

// due leaves out what has been said.
func due(says []saying, now int64) []saying {
	for len(says) > 0 && says[0].until <= now {
		says = says[1:]
	}
	return says
}

// hearSaid takes in what is to be said; only the share at home adds the words.
func (r *mix) hearSaid(s saying, home bool) {
	r.home = home
	if len(r.says) < cap(r.says) || r.says == nil {
		if r.says == nil {
			r.says = make([]saying, 0, sayMost)
		}
		r.says = append(r.says, s)
	}
}

// ducked is the part of their loudness that speakers keep: −10 dB.
const ducked = 0.316

// duckAt is the speakers' gain at the end of a tick.
func (r *mix) duckAt(tick int64) float32 {
	for _, s := range r.says {
		if tick >= s.from-1 && tick < s.until {
			return ducked
		}
	}
	return 1
}

// turnDown gives the gain of this tick to what a speaker adds.
func (r *mix) turnDown(pcm []int16) {
	step := (r.gainTo - r.gainFrom) / float32(len(pcm))
	gain := r.gainFrom
	for i, x := range pcm {
		gain += step
		pcm[i] = int16(float32(x) * gain)
	}
}

// sayNow finds the speakers' gain on this tick, and adds what is being said.
func (r *mix) sayNow(tick int64) {
	if len(r.says) == 0 {
		return
	}
	r.gainFrom, r.gainTo = r.duckAt(tick-1), r.duckAt(tick)
	if done := len(r.says) - len(due(r.says, tick-1)); done > 0 {
		r.says = append(r.says[:0], r.says[done:]...)
	}
}

// speak adds the words of this tick to the sums.
func (r *mix) speak(tick int64) {
	if !r.home {
		return
	}
	for _, s := range r.says {
		if tick >= s.from && tick < s.until {
			r.put(s.clip, int(tick-s.from)*frame)
		}
	}
}

// saidNow tells whether something is being said, or is about to be.
func (r *mix) saidNow(tick int64) bool {
	return len(r.says) > 0 && tick >= r.says[0].from-saySoon-1 && tick < r.says[0].until
}

// put adds a tick of a clip, from a sample at 8 kHz on: at 16 kHz where
// somebody hears that and the clip has it.
func (r *mix) put(clip *Clip, at int) {
	rate, pcm := narrow, clip.PCM
	if r.hears[wide] && len(clip.Wide) > 0 {
		rate, pcm, at = wide, clip.Wide, 2*at
	}
	r.sounded[rate] = true
	sum := r.sum[rate][:perTick(rate)]
	if at >= len(pcm) {
		return
	}
	for i, x := range pcm[at:min(at+len(sum), len(pcm))] {
		sum[i] += int32(x)
	}
}

// Digits tells whether the far end agreed to send keys as events (RFC 4733).
func (l *Leg) Digits() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.events
}
