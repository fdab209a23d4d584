package ear_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"partyline/cmd/partyline/bench/ear"
	"partyline/media/g711"
)

const frame = int64(20e6)

// mixed is a frame of several tones, as a bridge would mix them.
func mixed(tones ...int) []byte {
	var sum [ear.FrameSize]int32
	var pcm [ear.FrameSize]int16
	for _, t := range tones {
		g711.DecodeMu(pcm[:], ear.Voice(t)[:])
		for i, s := range pcm {
			sum[i] += int32(s)
		}
	}
	for i, s := range sum {
		pcm[i] = int16(s)
	}
	out := make([]byte, ear.FrameSize)
	g711.EncodeMu(out, pcm[:])
	return out
}

// hiss is a frame of noise at an amplitude.
func hiss(amplitude float64) []byte {
	var pcm [ear.FrameSize]int16
	for i := range pcm {
		pcm[i] = int16(amplitude * (2*rand.Float64() - 1))
	}
	out := make([]byte, ear.FrameSize)
	g711.EncodeMu(out, pcm[:])
	return out
}

// Each kind of damage is told from the others.
func TestDamageIsToldApart(t *testing.T) {
	one, nine := ear.Rule{Expect: 1 << 3}, ear.Rule{Expect: 0b11_1111_0111}
	allow := ear.Rule{Expect: 1 << 3, Allow: 1 << 7}
	tone, quiet := mixed(3), mixed(-1)
	shifted := append(append([]byte{}, tone[30:]...), tone[:30]...)
	for name, tt := range map[string]struct {
		rule   ear.Rule
		frames func(i int) []byte // nil: a packet that never came
		want   ear.Counts
	}{
		"as it should be":  {one, func(int) []byte { return tone }, ear.Counts{Frames: 50, Windows: 10}},
		"nine at once":     {nine, func(int) []byte { return mixed(0, 1, 2, 4, 5, 6, 7, 8, 9) }, ear.Counts{Frames: 50, Windows: 10}},
		"one too few":      {nine, func(int) []byte { return mixed(0, 1, 2, 4, 5, 6, 7, 8) }, ear.Counts{Frames: 50, Windows: 10, Missing: 10}},
		"its own, too":     {nine, func(int) []byte { return mixed(0, 1, 2, 3, 4, 5, 6, 7, 8, 9) }, ear.Counts{Frames: 50, Windows: 10, Unexpected: 10, Heard: 1 << 3}},
		"a wrong tone":     {one, func(int) []byte { return mixed(3, 29) }, ear.Counts{Frames: 50, Windows: 10, Unexpected: 10, Heard: 1 << 29}},
		"another instead":  {one, func(int) []byte { return mixed(4) }, ear.Counts{Frames: 50, Windows: 10, Missing: 10, Unexpected: 10, Gaps: 50, Heard: 1 << 4}},
		"one that may be":  {allow, func(int) []byte { return mixed(3, 7) }, ear.Counts{Frames: 50, Windows: 10}},
		"silence":          {one, func(int) []byte { return quiet }, ear.Counts{Frames: 50, Windows: 10, Missing: 10, Silent: 50, Gaps: 50}},
		"noise":            {ear.Rule{}, func(int) []byte { return hiss(800) }, ear.Counts{Frames: 50, Windows: 10, Noisy: 10}},
		"nothing expected": {ear.Rule{}, func(int) []byte { return quiet }, ear.Counts{Frames: 50, Windows: 10}},
		"one silent frame": {one, func(i int) []byte {
			if i == 12 {
				return quiet
			}
			return tone
		}, ear.Counts{Frames: 50, Windows: 10, Noisy: 1, Silent: 1, Gaps: 1}},
		"one lost frame": {one, func(i int) []byte {
			if i == 12 {
				return nil
			}
			return tone
		}, ear.Counts{Frames: 49, Windows: 10, Noisy: 1}},
		"a jump of its phase": {one, func(i int) []byte {
			if i < 25 {
				return tone
			}
			return shifted
		}, ear.Counts{Frames: 50, Windows: 10, Jumps: 1}},
		"not judged": {ear.Rule{Idle: true}, func(int) []byte { return hiss(800) }, ear.Counts{}},
	} {
		t.Run(name, func(t *testing.T) {
			var e ear.Ear
			for i := range 50 {
				if f := tt.frames(i); f != nil {
					e.Frame(f, int64(i)*frame, &tt.rule)
				} else {
					e.Lost(1)
				}
			}
			if e.Counts != tt.want {
				t.Errorf("%+v, want %+v", e.Counts, tt.want)
			}
		})
	}
}

// A window during which the rule changed is not held against either.
func TestRuleChangesInMidWindow(t *testing.T) {
	var e ear.Ear
	before, after := ear.Rule{Expect: 1}, ear.Rule{Expect: 2}
	for i := range 7 {
		e.Frame(mixed(0), int64(i)*frame, &before)
	}
	for i := range 8 {
		e.Frame(mixed(1), int64(7+i)*frame, &after)
	}
	if c := e.Counts; c.Windows != 2 || c.Damaged() != 0 {
		t.Errorf("%+v", c)
	}
}

// A mark is found wherever it lies between two frames, to a tenth of a
// millisecond or two, and spoils no window.
func TestMarksAreFound(t *testing.T) {
	rule := ear.Rule{Expect: 1 << 3}
	for _, offset := range []int{0, 1, 10, 40, 77, 80, 120, 150, 159} {
		tone, marked := *ear.Voice(3), *ear.Marked(3)
		sound := make([]byte, 0, 40*ear.FrameSize)
		sound = append(sound, tone[:offset]...)
		for i := range 40 {
			if i == 20 {
				sound = append(sound, marked[:]...)
			} else {
				sound = append(sound, tone[:]...)
			}
		}
		// Shifted frames hold the tone at another phase, which is all the same.
		var e ear.Ear
		found := []int64(nil)
		for i := range 40 {
			if at, ok := e.Frame(sound[i*ear.FrameSize:(i+1)*ear.FrameSize], int64(i)*frame, &rule); ok {
				found = append(found, at)
			}
		}
		want := 20*frame + int64(offset)*frame/ear.FrameSize
		if len(found) != 1 || math.Abs(float64(found[0]-want)) > 2.5e6 {
			t.Errorf("offset %d: found at %v, want one at %d", offset, found, want)
		}
		if offset%160 == 0 && (e.Counts.Damaged() != 0 || e.Counts.Gaps != 0) {
			t.Errorf("offset %d: the mark did damage: %+v", offset, e.Counts)
		}
	}
}

// spurts plays periods of a speaker in spurts, each frame changed by alter.
func spurts(periods int, alter func(i int, f []byte) []byte) ear.Spurts {
	var s ear.Spurts
	tone, quiet := mixed(5), mixed(-1)
	for p := range periods {
		for i := range ear.SpurtPeriod {
			f := tone
			if i >= ear.SpurtFrames {
				f = quiet
			}
			if p > 0 { // the first one is listened to from its middle
				f = alter(i, f)
			}
			if f == nil {
				s.Lost()
			} else {
				s.Frame(f, 5)
			}
		}
	}
	return s
}

func TestSpurts(t *testing.T) {
	quiet := mixed(-1)
	for name, tt := range map[string]struct {
		alter   func(i int, f []byte) []byte
		damaged uint64 // in three spurts
	}{
		"whole":        {func(_ int, f []byte) []byte { return f }, 0},
		"a lost frame": {func(i int, f []byte) []byte { return map[bool][]byte{true: nil, false: f}[i == 40] }, 3},
		"a hole": {func(i int, f []byte) []byte {
			if i == 40 || i == 41 {
				return quiet
			}
			return f
		}, 3},
		"begins late": {func(i int, f []byte) []byte {
			if i < 20 {
				return quiet
			}
			return f
		}, 12},
	} {
		s := spurts(4, tt.alter)
		if s.Heard != 3 || s.Windows != 45 {
			t.Errorf("%s: %d spurts, %d windows", name, s.Heard, s.Windows)
		}
		if tt.damaged == 0 && s.Damaged != 0 || s.Damaged < tt.damaged {
			t.Errorf("%s: %d windows damaged, want %d", name, s.Damaged, tt.damaged)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	var e ear.Ear
	var l ear.Line
	var d ear.Spread
	rule, f := ear.Rule{Expect: 1}, ear.Marked(4)
	packet := append([]byte{0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1}, f[:]...)
	if n := testing.AllocsPerRun(100, func() {
		payload, _, off, _ := l.Packet(packet, 0)
		packet[3]++
		e.Frame(payload, 0, &rule)
		d.Note(off)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkFrame(b *testing.B) {
	for name, rule := range map[string]ear.Rule{"one tone": {Expect: 1}, "nine tones": {Expect: 0x1ff}} {
		b.Run(name, func(b *testing.B) {
			var e ear.Ear
			f := ear.Voice(0)
			b.ReportAllocs()
			for b.Loop() {
				e.Frame(f[:], 0, &rule)
			}
		})
	}
}
