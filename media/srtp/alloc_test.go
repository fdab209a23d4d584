package srtp_test

import (
	"encoding/binary"
	"testing"

	"partyline/media/srtp"
)

// Nothing is allocated for a packet. What pion's library does allocate:
// SRTCP with GCM one small block each way, once in five seconds a leg, and
// its error for a packet that is refused, of which a tick reads a few.
func TestAllocations(t *testing.T) {
	bySuite(t, func(t *testing.T, s srtp.Suite) {
		ours, theirs := pair(t, s)
		plain, sent, got := packet(1, 0), make([]byte, 0, 300), make([]byte, 0, 300)
		plainReport := report(1)
		seq := uint16(0)
		protect := func() {
			seq++
			binary.BigEndian.PutUint16(plain[2:], seq)
			sent = must(ours.Protect(sent, plain))
		}
		inPlace := make([]byte, 0, 300)
		limit := func(what string, most float64, f func()) {
			t.Helper()
			if racing {
				most += 4
			}
			if n := testing.AllocsPerRun(1000, f); n > most {
				t.Errorf("%s: %v allocations", what, n)
			}
		}
		limit("protect", 0, protect)
		limit("protect in place", 0, func() {
			protect()
			seq++
			inPlace = append(inPlace[:0], plain...)
			binary.BigEndian.PutUint16(inPlace[2:], seq)
			must(ours.Protect(inPlace[:0], inPlace))
		})
		limit("both ways", 0, func() {
			protect()
			must(theirs.Unprotect(got, sent))
		})
		reports := 0.0
		if s == srtp.AES128GCM || s == srtp.AES256GCM {
			reports = 2
		}
		limit("reports both ways", reports, func() {
			sent = must(ours.ProtectRTCP(sent, plainReport))
			must(theirs.UnprotectRTCP(got, sent))
		})

		limit("no packet", 0, func() { theirs.Unprotect(got, sent[:5]) })
		protect()
		must(theirs.Unprotect(got, sent))
		limit("replayed", 1, func() { theirs.Unprotect(got, sent) })
		sent[3]++
		limit("forged", 4, func() { theirs.Unprotect(got, sent) })
		sent[8]++
		limit("forged from elsewhere", 8, func() { theirs.Unprotect(got, sent) })

		// The new key costs nothing either, once a packet has come by it.
		key := newKey(t, s)
		ours.RekeySending(key)
		theirs.RekeyReceiving(key)
		protect()
		must(theirs.Unprotect(got, sent))
		limit("both ways with a new key", 0, func() {
			protect()
			must(theirs.Unprotect(got, sent))
		})
	})
}

// A 172-byte packet, 20 ms of G.711, each way.
func BenchmarkPacket(b *testing.B) {
	for _, s := range everySuite {
		b.Run(s.String()+"/protect", func(b *testing.B) {
			ours, _ := pair(b, s)
			plain, sent := packet(1, 0), make([]byte, 0, 300)
			b.ReportAllocs()
			for seq := uint16(0); b.Loop(); seq++ {
				binary.BigEndian.PutUint16(plain[2:], seq)
				sent = must(ours.Protect(sent, plain))
			}
		})
		b.Run(s.String()+"/unprotect", func(b *testing.B) {
			ours, theirs := pair(b, s)
			const batch = 1 << 12
			packets := make([][]byte, batch)
			got, seq := make([]byte, 0, 300), uint16(0)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%batch == 0 {
					b.StopTimer()
					for j := range packets {
						packets[j] = must(ours.Protect(packets[j], packet(1, seq)))
						seq++
					}
					b.StartTimer()
				}
				must(theirs.Unprotect(got, packets[i%batch]))
			}
		})
	}
}

func BenchmarkForged(b *testing.B) {
	for _, s := range everySuite {
		b.Run(s.String(), func(b *testing.B) {
			_, theirs := pair(b, s)
			got, noise := make([]byte, 0, 300), packet(1, 0)
			b.ReportAllocs()
			for seq := uint16(0); b.Loop(); seq++ {
				binary.BigEndian.PutUint16(noise[2:], seq)
				if _, err := theirs.Unprotect(got, noise); err == nil {
					b.Fatal("noise was taken")
				}
			}
		})
	}
}

// A leg's session at the start of its call.
func BenchmarkNew(b *testing.B) {
	for _, s := range everySuite {
		b.Run(s.String(), func(b *testing.B) {
			one, other := newKey(b, s), newKey(b, s)
			b.ReportAllocs()
			for b.Loop() {
				newSession(b, one, other)
			}
		})
	}
}
