package carrier

import (
	"math"
	"sync"
	"time"
)

// Heard is what a phone received.
type Heard struct {
	Packets    uint64    `json:"packets"`
	Lost       uint64    `json:"lost"`                 // sequence numbers that never came
	Reordered  uint64    `json:"reordered"`            // that came late or twice
	SSRCs      int       `json:"ssrcs"`                // distinct; 1 for a well-behaved far end
	Silent     uint64    `json:"silent"`               // frames below −60 dBFS
	MaxGapMS   float64   `json:"max_gap_ms"`           // longest time between two packets
	LevelDBFS  float64   `json:"level_dbfs"`           // of the last second
	TonesDBFS  []float64 `json:"tones_dbfs,omitempty"` // of the last second, by Options.Frequencies
	PeakDBFS   []float64 `json:"peak_dbfs,omitempty"`  // loudest 100 ms ever, by Options.Frequencies
	ToneFrames uint64    `json:"tone_frames"`          // 20 ms frames with the continuous tone
	ToneGaps   uint64    `json:"tone_gaps"`            // frames without it after it began
	ToneJumps  uint64    `json:"tone_jumps"`           // breaks of its phase
	TSJumps    uint64    `json:"ts_jumps"`             // timestamps that did not go on from the packet before, once the continuous tone has begun
	Audio      []int16   `json:"-"`
}

// ear measures what arrives at one phone.
type ear struct {
	mu    sync.Mutex
	opts  Options
	h     Heard
	ssrcs map[uint32]struct{}
	last  time.Time
	ssrc  uint32 // of the packet before, as are seq and ts
	seq   uint16
	ts    uint32
	n     int // samples of the packet before
	begun bool

	window []int16     // up to 100 ms
	recent [][]float64 // level and tones of the last ten windows
	phase  float64
	toned  bool
	keep   []int16
}

const silence = -60 // dBFS

func newEar(opts Options) *ear {
	return &ear{opts: opts, ssrcs: make(map[uint32]struct{})}
}

func (e *ear) hear(now time.Time, seq uint16, ts, ssrc uint32, pcm []int16) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.h.Packets++
	e.ssrcs[ssrc] = struct{}{}
	if e.begun && ssrc == e.ssrc {
		switch d := int16(seq - e.seq); {
		case d <= 0:
			e.h.Reordered++
			return
		case d > 1:
			e.h.Lost += uint64(d - 1)
		}
		if ts-e.ts != uint32(e.n) && (e.opts.Continuous == 0 || e.h.ToneFrames > 0) {
			e.h.TSJumps++
		}
	}
	if e.begun { // also from one stream to the next: the phone is silent meanwhile
		e.h.MaxGapMS = max(e.h.MaxGapMS, float64(now.Sub(e.last).Microseconds())/1000)
	}
	e.begun, e.ssrc, e.seq, e.ts, e.n, e.last = true, ssrc, seq, ts, len(pcm), now
	if loudness(pcm) < silence {
		e.h.Silent++
	}
	e.follow(pcm)
	e.measure(pcm)
	if keep := int(e.opts.KeepAudio.Seconds() * 8000); keep > 0 {
		e.keep = append(e.keep, pcm...)
		if len(e.keep) > 2*keep {
			e.keep = append(e.keep[:0], e.keep[len(e.keep)-keep:]...)
		}
	}
}

// follow watches the tone that should never stop. It is meant for one whose
// period divides 20 ms: then its phase is the same in every frame.
func (e *ear) follow(pcm []int16) {
	if e.opts.Continuous == 0 || len(pcm) == 0 {
		return
	}
	amp, phase := goertzel(pcm, e.opts.Continuous)
	if dbfs(amp) < -40 {
		if e.h.ToneFrames > 0 {
			e.h.ToneGaps++
		}
		e.toned = false
		return
	}
	// Half a radian is a jump of 0.6 samples at 1 kHz; quantisation noise is far below.
	if e.toned && math.Abs(math.Remainder(phase-e.phase, 2*math.Pi)) > 0.5 {
		e.h.ToneJumps++
	}
	e.h.ToneFrames++
	e.toned, e.phase = true, phase
}

func (e *ear) measure(pcm []int16) {
	e.window = append(e.window, pcm...)
	if len(e.window) < 800 {
		return
	}
	row := make([]float64, 1, 1+len(e.opts.Frequencies))
	row[0] = loudness(e.window)
	for i, f := range e.opts.Frequencies {
		amp, _ := goertzel(e.window, f)
		row = append(row, dbfs(amp))
		if len(e.h.PeakDBFS) <= i {
			e.h.PeakDBFS = append(e.h.PeakDBFS, dbfs(amp))
		}
		e.h.PeakDBFS[i] = max(e.h.PeakDBFS[i], dbfs(amp))
	}
	e.window = e.window[:0]
	e.recent = append(e.recent, row)
	if len(e.recent) > 10 {
		e.recent = e.recent[1:]
	}
}

func (e *ear) report() Heard {
	e.mu.Lock()
	defer e.mu.Unlock()
	h := e.h
	h.SSRCs = len(e.ssrcs)
	h.PeakDBFS = append([]float64(nil), h.PeakDBFS...)
	h.LevelDBFS = mean(e.recent, 0)
	for i := range e.opts.Frequencies {
		h.TonesDBFS = append(h.TonesDBFS, mean(e.recent, i+1))
	}
	if keep := int(e.opts.KeepAudio.Seconds() * 8000); keep > 0 {
		h.Audio = append([]int16(nil), e.keep[max(0, len(e.keep)-keep):]...)
	}
	return h
}

func mean(rows [][]float64, col int) float64 {
	if len(rows) == 0 {
		return floor
	}
	sum := 0.0
	for _, r := range rows {
		sum += r[col]
	}
	return sum / float64(len(rows))
}

const floor = -120 // dBFS, said of silence

func loudness(pcm []int16) float64 {
	sum := 0.0
	for _, s := range pcm {
		sum += float64(s) * float64(s)
	}
	// A full-scale sine is 0 dBFS.
	return dbfs(math.Sqrt(2 * sum / float64(max(1, len(pcm)))))
}

func dbfs(amplitude float64) float64 {
	return max(floor, 20*math.Log10(amplitude/32768))
}

// goertzel returns amplitude and phase of one frequency in pcm (8 kHz).
func goertzel(pcm []int16, freq float64) (amplitude, phase float64) {
	w := 2 * math.Pi * freq / 8000
	c := 2 * math.Cos(w)
	var s1, s2 float64
	for _, x := range pcm {
		s1, s2 = float64(x)+c*s1-s2, s1
	}
	re := s1 - s2*math.Cos(w)
	im := s2 * math.Sin(w)
	return 2 * math.Hypot(re, im) / float64(max(1, len(pcm))), math.Atan2(im, re)
}
