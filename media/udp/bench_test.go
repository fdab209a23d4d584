package udp_test

import (
	"testing"

	"partyline/media/udp"
)

// A benchmark's operation is a packet of 172 bytes, of many legs in turn as
// in a tick: the memory of one socket would be at hand as it never is.
const benchLegs = 500

func BenchmarkSendUnconnected(b *testing.B) {
	ours, far := legs(b, benchLegs)
	dest := make([]udp.Dest, len(ours))
	for i, s := range ours {
		if err := s.Disconnect(); err != nil {
			b.Fatal(err)
		}
		dest[i] = s.Dest(far[i].Local())
	}
	packet := make([]byte, 172)
	inTurn(b, far, func(n int) {
		for i, s := range ours[:n] {
			s.Write(packet, &dest[i])
		}
	})
}

func BenchmarkSendPlain(b *testing.B) { benchmarkSender(b, udp.NewPlain()) }

func BenchmarkSendRing(b *testing.B) {
	if r, ok := senders(b, benchLegs)["ring"]; ok {
		benchmarkSender(b, r)
	}
}

func benchmarkSender(b *testing.B, sender udp.Sender) {
	ours, far := legs(b, benchLegs)
	inTurn(b, far, func(n int) {
		for _, s := range ours[:n] {
			clear(sender.Packet()[:172])
			sender.Send(s, 172)
		}
		if refused := sender.Flush(); refused != 0 {
			b.Fatalf("%d packets were refused", refused)
		}
	})
}

// inTurn times rounds of sending; the far ends are emptied meanwhile.
func inTurn(b *testing.B, far []*udp.Socket, send func(n int)) {
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; left -= benchLegs {
		send(min(left, benchLegs))
		b.StopTimer()
		for _, s := range far {
			s.Drain()
		}
		b.StartTimer()
	}
}

func BenchmarkReceiveRecv(b *testing.B) {
	benchmarkReceive(b, func(s *udp.Socket, buf []byte) { s.Recv(buf) })
}

func BenchmarkReceiveStamped(b *testing.B) {
	benchmarkReceive(b, func(s *udp.Socket, buf []byte) { s.ReadStamped(buf) })
}

func BenchmarkReceiveUntilEmpty(b *testing.B) {
	benchmarkReceive(b, func(s *udp.Socket, buf []byte) {
		for _, _, ok := s.Read(buf); ok; {
			_, _, ok = s.Read(buf)
		}
	})
}

func benchmarkReceive(b *testing.B, read func(*udp.Socket, []byte)) {
	ours, far := legs(b, benchLegs)
	packet, buf := make([]byte, 172), make([]byte, 2048)
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; left -= benchLegs {
		b.StopTimer()
		for _, s := range ours {
			s.Send(packet)
		}
		b.StartTimer()
		for _, s := range far[:min(left, benchLegs)] {
			read(s, buf)
		}
		b.StopTimer()
		for _, s := range far {
			s.Drain()
		}
		b.StartTimer()
	}
}

// The two ways to learn that a thousand muted legs sent nothing; an operation
// is one leg.
func BenchmarkNothingByRead(b *testing.B) {
	ours, _ := legs(b, benchLegs)
	buf := make([]byte, 2048)
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; left -= benchLegs {
		for _, s := range ours[:min(left, benchLegs)] {
			s.ReadStamped(buf)
		}
	}
}

func BenchmarkNothingByWatch(b *testing.B) {
	ours, _ := legs(b, benchLegs)
	w := watch(b, benchLegs)
	for i, s := range ours {
		if err := w.Add(s, uint64(i)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; left -= benchLegs {
		w.Ready()
	}
}
