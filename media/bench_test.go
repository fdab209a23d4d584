//go:build linux && !portable

package media

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"partyline/media/udp"
)

// BenchmarkTick is one tick of a conference with real packets on loopback:
// each phone's packet is sent outside the measured time, ours are sent and
// thrown away by the kernel. 20 ms is the whole budget of a core.
func BenchmarkTick(b *testing.B) {
	shapes := []struct {
		name            string
		legs, rooms     int
		speakers, sends int // of each room
	}{
		{"webinar", 1000, 1, 1, 1000},
		{"open", 1000, 1, 1000, 3},
		{"rooms of 10", 1000, 100, 10, 10},
	}
	for _, shape := range shapes {
		b.Run(fmt.Sprintf("%s/%d", shape.name, shape.legs), func(b *testing.B) {
			r := newRig(b, 1)
			each := shape.legs / shape.rooms
			var senders []*phone
			for range shape.rooms {
				room := r.e.NewRoom()
				var changes []Change
				for i := range each {
					p := r.call(nil)
					if i < shape.sends {
						p.voice = tone(float64(300+50*(i%50)), -20)
						senders = append(senders, p)
					}
					audio := listens
					if i < shape.speakers {
						audio = talks
					}
					changes = append(changes, Change{p.leg.ID(), audio})
				}
				room.Update(changes...)
				r.step()
			}
			packets := make([][]byte, len(senders))
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				b.StopTimer()
				for i, p := range senders {
					if packets[i] == nil {
						packets[i] = p.next(frame)
					}
					putHeader(packets[i], false, p.codec.PT(), p.seq, p.ts, p.ssrc)
					p.seq++
					p.ts += frame
					p.send(packets[i])
				}
				b.StartTimer()
				r.step()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(tick)*100, "%core")
		})
	}
}

// BenchmarkUnmuteThousand is the tick on which a thousand muted legs may be
// heard at once: how much later its packets leave than those of the ticks
// before, and how long it takes in all, the kernel's filters included, of the
// 20 ms there are.
func BenchmarkUnmuteThousand(b *testing.B) {
	var later, whole []time.Duration
	for range b.N {
		r := newRig(b, 1)
		w := r.e.workers[0]
		room := r.e.NewRoom()
		var unmute []Change
		var mute []Change
		for i := range 1000 {
			p := r.call(tone(float64(300+i), -40))
			mute = append(mute, Change{p.leg.ID(), listens})
			unmute = append(unmute, Change{p.leg.ID(), talks})
		}
		room.Update(mute...)
		r.ticks(20)
		out := &stopwatch{Sender: w.io}
		w.io = out
		r.e.now = func() int64 { return int64(time.Since(processStart)) }
		measure := func() (left, took time.Duration) {
			for _, p := range r.phones {
				p.speak()
			}
			r.n++
			r.clock.Store(r.n * tick)
			began := time.Now()
			w.gather(r.n, r.n*tick)
			w.deliver()
			took, left = time.Since(began), out.at.Sub(began)
			for _, p := range r.phones {
				p.listen()
			}
			return left, took
		}
		var before []time.Duration
		for range 20 {
			left, _ := measure()
			before = append(before, left)
		}
		slices.Sort(before)
		room.Update(unmute...)
		left, took := measure()
		later = append(later, left-before[len(before)/2])
		whole = append(whole, took)
		w.io = out.Sender
		for _, p := range r.phones {
			p.rtp.Close()
		}
		r.e.Close()
	}
	slices.Sort(later)
	slices.Sort(whole)
	b.ReportMetric(ms(later[len(later)/2]), "ms-later")
	b.ReportMetric(ms(later[len(later)-1]), "ms-later-most")
	b.ReportMetric(ms(whole[len(whole)/2]), "ms-in-all")
}

var processStart = time.Now()

// stopwatch notes when a tick's packets have left.
type stopwatch struct {
	udp.Sender
	at time.Time
}

func (s *stopwatch) Flush() int {
	n := s.Sender.Flush()
	s.at = time.Now()
	return n
}
