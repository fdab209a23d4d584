package jitter_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"partyline/media/jitter"
)

// Whatever the line does, sound comes out in its order, never older than Cap,
// and after the trouble the stream flows whole again with little delay.
func TestAnyLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const trouble, after = 80, 420 // packets
		ptime := rapid.SampledFrom([]int{80, 160, 240, 320, 480}).Draw(t, "ptime")
		spread := rapid.Int64Range(0, 400).Draw(t, "spread ms")
		loss := rapid.IntRange(0, 50).Draw(t, "loss %")
		percent := rapid.IntRange(0, 99)
		delays := rapid.Int64Range(0, spread)
		l := line{
			ptime:  ptime,
			length: (trouble + after) * time.Duration(ptime) * time.Second / 8000,
			phase:  time.Duration(rapid.Int64Range(0, 19).Draw(t, "phase ms")) * time.Millisecond,
			seq:    rapid.Uint16().Draw(t, "seq"),
			ts:     rapid.Uint32().Draw(t, "ts"),
			delay: func(i int, _ int64) time.Duration {
				if i >= trouble {
					return 0
				}
				return time.Duration(delays.Draw(t, "delay")) * time.Millisecond
			},
			lost:  func(i int) bool { return i < trouble && percent.Draw(t, "lost") < loss },
			twice: func(i int) bool { return i < trouble && percent.Draw(t, "twice") < 10 },
		}
		packets := l.packets()
		arrived := make(map[int]int64)
		for i := range packets {
			p := &packets[i]
			id := int(p.seq - l.seq)
			p.payload = marked(id, ptime)
			if _, ok := arrived[id]; !ok {
				arrived[id] = p.arrives
			}
		}
		var b jitter.Buffer
		newest, tail := 0, 0
		listen(&b, packets, func(h heard) {
			if h.kind == jitter.Empty && h.pcm != [jitter.Frame]int16{} && h.pcm[jitter.Frame-1] != 0 {
				t.Fatalf("an empty frame does not end in silence")
			}
			if h.kind != jitter.Audio {
				return
			}
			// The end of a whole frame is the sound of one packet, whatever
			// fades at its beginning.
			id := idOf(h.pcm[jitter.Frame-1])
			if id < 0 {
				return // silence the sender left between two packets
			}
			id += newest / ids * ids
			if id < newest-ids/2 {
				id += ids
			}
			if id < newest {
				t.Fatalf("packet %d is heard after packet %d", id, newest)
			}
			newest = id
			if id >= trouble+after-200 {
				tail++
			}
			wait := time.Duration(h.at - arrived[id])
			long := time.Duration(ptime) * time.Second / 8000
			if limit := jitter.Cap + max(long, 20*time.Millisecond); wait > limit {
				t.Fatalf("packet %d is heard %v after it came, allowed %v", id, wait, limit)
			}
		})
		if want := 200*ptime/jitter.Frame - 6; tail < want {
			t.Fatalf("only %d of the last %d frames are whole", tail, want)
		}
	})
}

// Nothing a far end can send, in any order and at any time, makes a frame
// wrong in length, loud out of nothing, or the buffer panic.
func TestAnyPackets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b jitter.Buffer
		var pcm [jitter.Frame]int16
		now := startNS
		seq := rapid.Uint16().Draw(t, "seq")
		ts := rapid.Uint32().Draw(t, "ts")
		for range rapid.IntRange(1, 300).Draw(t, "steps") {
			now += rapid.Int64Range(0, int64(30*time.Millisecond)).Draw(t, "pass")
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0:
				seq, ts = rapid.Uint16().Draw(t, "any seq"), rapid.Uint32().Draw(t, "any ts")
			case 1:
				b.Comfort(seq, rapid.SliceOfN(rapid.Byte(), 0, 3).Draw(t, "comfort"))
			case 2:
				b.Event(seq)
			case 3:
				now += rapid.Int64Range(0, 20*second).Draw(t, "stall")
			case 4, 5, 6:
				b.Get(pcm[:], now)
			default:
				length := rapid.IntRange(0, 500).Draw(t, "length")
				seq += uint16(rapid.IntRange(-3, 5).Draw(t, "step"))
				ts += uint32(rapid.IntRange(-2000, 3000).Draw(t, "leap"))
				b.Put(seq, ts, marked(1, length), now)
			}
			if d := b.Depth(); d > 2*jitter.Cap {
				t.Fatalf("depth %v", d)
			}
		}
		// A clean stream afterwards flows.
		seq, ts = seq+30000, ts+1<<30
		whole := 0
		for i := range uint32(400) {
			b.Put(seq+uint16(i), ts+i*jitter.Frame, marked(int(i), jitter.Frame), now+tickNS/2)
			now += tickNS
			if b.Get(pcm[:], now) == jitter.Audio && i >= 300 {
				whole++
			}
		}
		if whole < 100 {
			t.Fatalf("only %d of 100 frames are whole once the line is clean", whole)
		}
	})
}
