//go:build linux && !portable

package media

import (
	"fmt"
	"testing"
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
