package srtp_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"testing"

	"pgregory.net/rapid"

	"partyline/media/srtp"
)

var everySuite = []srtp.Suite{srtp.AES256GCM, srtp.AES128GCM, srtp.AES128CMSHA1_80, srtp.AES128CMSHA1_32}

// packet is 20 ms of G.711.
func packet(ssrc uint32, seq uint16) []byte {
	b := make([]byte, 172)
	b[0], b[50] = 0x80, byte(seq)
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[8:], ssrc)
	return b
}

// report is a sender report without blocks.
func report(ssrc uint32) []byte {
	b := make([]byte, 28)
	b[0], b[1], b[3] = 0x80, 200, 6
	binary.BigEndian.PutUint32(b[4:], ssrc)
	return b
}

// pair is two sessions with each other.
func pair(t testing.TB, s srtp.Suite) (ours, theirs *srtp.Session) {
	a, b := newKey(t, s), newKey(t, s)
	return newSession(t, a, b), newSession(t, b, a)
}

func bySuite(t *testing.T, f func(t *testing.T, s srtp.Suite)) {
	for _, s := range everySuite {
		t.Run(s.String(), func(t *testing.T) { f(t, s) })
	}
}

func want(t *testing.T, what string, err, wanted error) {
	t.Helper()
	if !errors.Is(err, wanted) || (err == nil) != (wanted == nil) {
		t.Errorf("%s: %v, want %v", what, err, wanted)
	}
}

func TestNewNeedsTwoKeys(t *testing.T) {
	k := newKey(t, srtp.AES128GCM)
	for _, keys := range [][2]srtp.Key{{}, {k, {}}, {{}, k}, {k, k}} {
		if _, err := srtp.New(keys[0], keys[1]); !errors.Is(err, srtp.ErrKey) {
			t.Errorf("%v and %v: %v", keys[0], keys[1], err)
		}
	}
	s := newSession(t, k, newKey(t, srtp.AES128CMSHA1_80))
	if a, b := s.Suites(); a != srtp.AES128GCM || b != srtp.AES128CMSHA1_80 {
		t.Errorf("suites %v and %v", a, b)
	}
}

func TestBuffers(t *testing.T) {
	bySuite(t, func(t *testing.T, s srtp.Suite) {
		key, other := newKey(t, s), newKey(t, s)
		theirs := newSession(t, other, key)
		plain := packet(1, 1)
		apart := must(newSession(t, key, other).Protect(make([]byte, 3, 300), plain))
		if !bytes.Equal(plain, packet(1, 1)) {
			t.Error("the plain packet was changed")
		}
		room := append(make([]byte, 0, 172+srtp.MaxOverhead), plain...)
		inPlace := must(newSession(t, key, other).Protect(room[:0], room))
		same(t, "in place", apart, inPlace)
		if &inPlace[0] != &room[0] {
			t.Error("room was not used")
		}
		same(t, "without room", apart, must(newSession(t, key, other).Protect(make([]byte, 100), plain)))
		if len(apart) != 172+srtp.Overhead(s) || srtp.Overhead(s) > srtp.MaxOverhead || srtp.OverheadRTCP(s) > srtp.MaxOverhead {
			t.Errorf("%d bytes more", len(apart)-172)
		}
		dst := make([]byte, 0, len(apart))
		got := must(theirs.Unprotect(dst, apart))
		same(t, "back", plain, got)
		if &got[0] != &dst[:1][0] {
			t.Error("room was not used")
		}
		same(t, "back without room", packet(1, 2), must(theirs.Unprotect(nil, must(newSession(t, key, other).Protect(nil, packet(1, 2))))))
	})
}

func TestOnlyForward(t *testing.T) {
	bySuite(t, func(t *testing.T, s srtp.Suite) {
		ours, _ := pair(t, s)
		must(ours.Protect(nil, packet(1, 100)))
		for _, seq := range []uint16{100, 99, 0, 100 + 1<<15} {
			_, err := ours.Protect(nil, packet(1, seq))
			want(t, "seq", err, srtp.ErrReused)
		}
		_, err := ours.Protect(nil, packet(2, 101))
		want(t, "another source", err, srtp.ErrSources)
		_, err = ours.ProtectRTCP(nil, report(2))
		want(t, "another source's report", err, srtp.ErrSources)
		_, err = ours.Protect(nil, packet(1, 101))
		want(t, "next", err, nil)
	})
}

func TestNotPackets(t *testing.T) {
	bySuite(t, func(t *testing.T, s srtp.Suite) {
		ours, theirs := pair(t, s)
		beyond := packet(1, 1)
		beyond[0] |= 0x10 // an extension longer than the packet
		beyond[14], beyond[15] = 1, 0
		version := packet(1, 1)
		version[0] = 0x40
		for _, bad := range [][]byte{nil, make([]byte, 11), {0x80}, beyond, version, append([]byte{0x8f}, make([]byte, 30)...)} {
			_, err := ours.Protect(nil, bad)
			want(t, "protect", err, srtp.ErrShort)
			_, err = theirs.Unprotect(nil, bad)
			want(t, "unprotect", err, srtp.ErrShort)
		}
		for _, bad := range [][]byte{nil, {0x80, 200, 0, 1, 1, 2, 3}, make([]byte, 40)} {
			_, err := ours.ProtectRTCP(nil, bad)
			want(t, "protect RTCP", err, srtp.ErrShort)
			_, err = theirs.UnprotectRTCP(nil, bad)
			want(t, "unprotect RTCP", err, srtp.ErrShort)
		}
		whole, wholeReport := must(ours.Protect(nil, packet(1, 1))), must(ours.ProtectRTCP(nil, report(1)))
		for n := range whole {
			_, err := theirs.Unprotect(nil, whole[:n])
			if n < 12+srtp.Overhead(s) {
				want(t, "part", err, srtp.ErrShort)
			} else {
				want(t, "part", err, srtp.ErrAuth)
			}
		}
		for n := range wholeReport {
			_, err := theirs.UnprotectRTCP(nil, wholeReport[:n])
			if n < 8+srtp.OverheadRTCP(s) {
				want(t, "part of a report", err, srtp.ErrShort)
			} else {
				want(t, "part of a report", err, srtp.ErrAuth)
			}
		}
		same(t, "whole", packet(1, 1), must(theirs.Unprotect(nil, whole)))
		same(t, "whole report", report(1), must(theirs.UnprotectRTCP(nil, wholeReport)))
	})
}

// Not one bit can be changed, and trying costs the call nothing.
func TestForged(t *testing.T) {
	bySuite(t, func(t *testing.T, s srtp.Suite) {
		ours, theirs := pair(t, s)
		must(theirs.Unprotect(nil, must(ours.Protect(nil, packet(1, 1)))))
		whole, wholeReport := must(ours.Protect(nil, packet(1, 2))), must(ours.ProtectRTCP(nil, report(1)))
		dst := make([]byte, 0, 300)
		for bit := range len(whole) * 8 {
			whole[bit/8] ^= 1 << (bit % 8)
			_, err := theirs.Unprotect(dst, whole)
			whole[bit/8] ^= 1 << (bit % 8)
			if !errors.Is(err, srtp.ErrAuth) && !errors.Is(err, srtp.ErrShort) && !errors.Is(err, srtp.ErrReplay) {
				t.Errorf("bit %d: %v", bit, err)
			}
		}
		for bit := range len(wholeReport) * 8 {
			wholeReport[bit/8] ^= 1 << (bit % 8)
			_, err := theirs.UnprotectRTCP(dst, wholeReport)
			wholeReport[bit/8] ^= 1 << (bit % 8)
			if !errors.Is(err, srtp.ErrAuth) && !errors.Is(err, srtp.ErrShort) {
				t.Errorf("bit %d of the report: %v", bit, err)
			}
		}
		noise := packet(1, 3)
		for i := range uint32(20_000) {
			binary.BigEndian.PutUint16(noise[2:], uint16(i))
			binary.BigEndian.PutUint32(noise[8:], i%2)
			if _, err := theirs.Unprotect(dst, noise); err == nil {
				t.Fatal("noise was taken")
			}
		}
		same(t, "whole", packet(1, 2), must(theirs.Unprotect(nil, whole)))
		same(t, "whole report", report(1), must(theirs.UnprotectRTCP(nil, wholeReport)))
	})
}

func TestReplay(t *testing.T) {
	bySuite(t, func(t *testing.T, s srtp.Suite) {
		ours, theirs := pair(t, s)
		var sent, reports [][]byte
		for seq := range uint16(300) {
			sent = append(sent, must(ours.Protect(nil, packet(1, seq))))
			reports = append(reports, must(ours.ProtectRTCP(nil, report(1))))
		}
		for kind, take := range map[string]func([]byte) error{
			"RTP":  func(b []byte) error { _, err := theirs.Unprotect(nil, b); return err },
			"RTCP": func(b []byte) error { _, err := theirs.UnprotectRTCP(nil, b); return err },
		} {
			all := sent
			if kind == "RTCP" {
				all = reports
			}
			want(t, kind+" newest", take(all[200]), nil)
			want(t, kind+" again", take(all[200]), srtp.ErrReplay)
			want(t, kind+" late", take(all[200-srtp.Window+1]), nil)
			want(t, kind+" late again", take(all[200-srtp.Window+1]), srtp.ErrReplay)
			want(t, kind+" too late", take(all[200-srtp.Window]), srtp.ErrReplay)
			want(t, kind+" next", take(all[201]), nil)
		}
	})
}

// Whatever is lost, late or doubled, each packet is taken once if it is not
// behind the window, through roll-overs of the sequence number.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(everySuite).Draw(t, "suite")
		a, _ := srtp.NewKey(s, nil)
		b, _ := srtp.NewKey(s, nil)
		ours, _ := srtp.New(a, b)
		theirs, _ := srtp.New(b, a)
		first := rapid.Uint16Range(0, 1<<15).Draw(t, "first")
		n := rapid.IntRange(1, 400).Draw(t, "packets")
		step := rapid.SampledFrom([]int{1, 1, 3, 500}).Draw(t, "step")
		sent := make([][]byte, n)
		for i := range sent {
			sent[i] = must(ours.Protect(nil, packet(1, first+uint16(i*step))))
		}
		taken := make(map[int]bool)
		newest := 0
		must(theirs.Unprotect(nil, sent[0]))
		taken[0] = true
		for range rapid.IntRange(0, 2*n).Draw(t, "deliveries") {
			i := min(max(newest+rapid.IntRange(-srtp.Window-20, 20).Draw(t, "offset"), 0), n-1)
			_, err := theirs.Unprotect(nil, sent[i])
			old := (newest-i)*step >= srtp.Window
			if fresh := !old && !taken[i]; fresh != (err == nil) || err != nil && !errors.Is(err, srtp.ErrReplay) && !errors.Is(err, srtp.ErrAuth) {
				t.Fatalf("packet %d, newest %d, taken %v: %v", i, newest, taken[i], err)
			}
			taken[i], newest = taken[i] || err == nil, max(newest, i)
		}
	})
}

// An hour and a half of 20 ms passes four roll-overs.
func TestRollOver(t *testing.T) {
	ours, theirs := pair(t, srtp.AES128GCM)
	buffer, back := make([]byte, 0, 300), make([]byte, 0, 300)
	plain := packet(1, 0)
	for i := range 270_000 {
		binary.BigEndian.PutUint16(plain[2:], uint16(65_000+i))
		out, err := ours.Protect(buffer, plain)
		if err != nil {
			t.Fatal(err)
		}
		if i%7 == 3 {
			continue
		}
		if got, err := theirs.Unprotect(back, out); err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("packet %d: %v", i, err)
		}
	}
}

func TestSources(t *testing.T) {
	bySuite(t, func(t *testing.T, s srtp.Suite) {
		key, other := newKey(t, s), newKey(t, s)
		theirs := newSession(t, other, key)
		from := func(ssrc uint32) *srtp.Session { return newSession(t, key, other) }
		var packets, reports [][]byte
		for ssrc := range uint32(srtp.MaxSources + 1) {
			ours := from(ssrc)
			packets = append(packets, must(ours.Protect(nil, packet(ssrc, 7))), must(ours.Protect(nil, packet(ssrc, 8))))
			reports = append(reports, must(ours.ProtectRTCP(nil, report(ssrc))))
		}
		// Sources that nobody vouches for take no place.
		for ssrc := range uint32(200) {
			_, err := theirs.Unprotect(nil, packet(1000+ssrc, 1))
			want(t, "noise", err, srtp.ErrAuth)
			_, err = theirs.UnprotectRTCP(nil, append(report(1000+ssrc), make([]byte, 20)...))
			want(t, "noise", err, srtp.ErrAuth)
		}
		for i := range srtp.MaxSources {
			_, err := theirs.Unprotect(nil, packets[2*i])
			want(t, "source", err, nil)
			_, err = theirs.UnprotectRTCP(nil, reports[i])
			want(t, "report", err, nil)
		}
		_, err := theirs.Unprotect(nil, packets[2*srtp.MaxSources])
		want(t, "one source too many", err, srtp.ErrSources)
		_, err = theirs.UnprotectRTCP(nil, reports[srtp.MaxSources])
		want(t, "one report too many", err, srtp.ErrSources)
		_, err = theirs.Unprotect(nil, packets[1])
		want(t, "the first source still", err, nil)
	})
}

// A far end that has long been sending when we get its key is understood
// within half a second.
func TestLate(t *testing.T) {
	bySuite(t, func(t *testing.T, s srtp.Suite) {
		secret := bytes.Repeat([]byte{7}, 44)
		key, err := srtp.NewKey(s, bytes.NewReader(secret))
		if err != nil {
			t.Fatal(err)
		}
		size := 30
		if s == srtp.AES128GCM {
			size = 28
		} else if s == srtp.AES256GCM {
			size = 44
		}
		far := newOracle(s, secret[:size], forRTP)
		for _, counter := range []uint32{0, 1, 2, 16} {
			session := newSession(t, newKey(t, s), key)
			var lost uint16
			for ; lost < 100; lost++ {
				got, err := session.Unprotect(nil, far.rtp(packet(1, 500+lost), counter))
				if err == nil {
					same(t, "first", packet(1, 500+lost), got)
					break
				}
				want(t, "early", err, srtp.ErrAuth)
				// Others do not spoil it.
				session.Unprotect(nil, packet(77, lost))
			}
			if lost > 34 || counter == 0 && lost > 0 {
				t.Errorf("counter %d: %d packets lost", counter, lost)
			}
			_, err := session.Unprotect(nil, far.rtp(packet(1, 500+lost+1), counter))
			want(t, "next", err, nil)
			for seq := range uint16(20) { // a later source has no such past
				_, err = session.Unprotect(nil, far.rtp(packet(2, seq), 3))
				want(t, "a later source", err, srtp.ErrAuth)
			}
		}
	})
}

// A flood of sources that nobody vouches for leaves nothing behind, neither
// before the far end was heard, when counters are tried, nor after.
func TestForgedSourcesLeaveNothing(t *testing.T) {
	ours, theirs := pair(t, srtp.AES128CMSHA1_80)
	noise, dst := packet(1, 1), make([]byte, 0, 300)
	flood := func() uint64 {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for ssrc := range uint32(20_000) {
			binary.BigEndian.PutUint32(noise[8:], 1000+ssrc)
			if _, err := theirs.Unprotect(dst, noise); !errors.Is(err, srtp.ErrAuth) {
				t.Fatal(err)
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		return max(after.HeapAlloc, before.HeapAlloc) - before.HeapAlloc
	}
	unheard := flood()
	same(t, "the far end", packet(1, 1), must(theirs.Unprotect(nil, must(ours.Protect(nil, packet(1, 1))))))
	if heard := flood(); unheard > 500_000 || heard > 500_000 {
		t.Errorf("%d and %d bytes stay", unheard, heard)
	}
}

// Extensions encrypted as by RFC 9335 are not what was agreed.
func TestCryptex(t *testing.T) {
	ours, theirs := pair(t, srtp.AES128GCM)
	for i, profile := range [][2]byte{{0xc0, 0xde}, {0xc2, 0xde}} {
		sent := must(ours.Protect(nil, packet(1, uint16(i))))
		sent[0] |= 0x10
		copy(sent[12:], []byte{profile[0], profile[1], 0, 1})
		_, err := theirs.Unprotect(nil, sent)
		want(t, "encrypted extension", err, srtp.ErrAuth)
	}
}
