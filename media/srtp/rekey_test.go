package srtp_test

import (
	"encoding/binary"
	"testing"

	"partyline/media/srtp"
)

// call is a far end and us in the middle of a call, seq the far end's last
// sequence number, after one roll-over.
func call(t *testing.T, s srtp.Suite) (far, us *srtp.Session, farKey, ourKey srtp.Key, seq uint16) {
	t.Helper()
	farKey, ourKey = newKey(t, s), newKey(t, s)
	far, us = newSession(t, farKey, ourKey), newSession(t, ourKey, farKey)
	for _, seq = range []uint16{40_000, 65_000, 20_000} {
		must(us.Unprotect(nil, must(far.Protect(nil, packet(1, seq)))))
		must(far.Unprotect(nil, must(us.Protect(nil, packet(2, seq)))))
		must(us.UnprotectRTCP(nil, must(far.ProtectRTCP(nil, report(1)))))
		must(far.UnprotectRTCP(nil, must(us.ProtectRTCP(nil, report(2)))))
	}
	return far, us, farKey, ourKey, seq
}

func TestRekeyReceiving(t *testing.T) {
	bySuite(t, func(t *testing.T, s srtp.Suite) {
		far, us, _, _, seq := call(t, s)
		onTheWay, report1 := must(far.Protect(nil, packet(1, seq+1))), must(far.ProtectRTCP(nil, report(1)))
		late, report2 := must(far.Protect(nil, packet(1, seq+2))), must(far.ProtectRTCP(nil, report(1)))
		report3 := must(far.ProtectRTCP(nil, report(1)))
		next := newKey(t, s)
		if err := far.RekeySending(next); err != nil {
			t.Fatal(err)
		}
		if err := us.RekeyReceiving(next); err != nil {
			t.Fatal(err)
		}
		same(t, "on the way", packet(1, seq+1), must(us.Unprotect(nil, onTheWay)))
		same(t, "report on the way", report(1), must(us.UnprotectRTCP(nil, report1)))
		_, err := us.Unprotect(nil, onTheWay)
		want(t, "on the way again", err, srtp.ErrReplay)

		for i := range uint16(srtp.Window - 1) {
			same(t, "new key", packet(1, seq+3+i), must(us.Unprotect(nil, must(far.Protect(nil, packet(1, seq+3+i))))))
		}
		same(t, "report by the new key", report(1), must(us.UnprotectRTCP(nil, must(far.ProtectRTCP(nil, report(1))))))
		same(t, "late", packet(1, seq+2), must(us.Unprotect(nil, late)))
		same(t, "late report", report(1), must(us.UnprotectRTCP(nil, report2)))
		for i := range uint16(2) {
			must(us.Unprotect(nil, must(far.Protect(nil, packet(1, seq+3+srtp.Window+i)))))
		}
		_, err = us.UnprotectRTCP(nil, report3)
		want(t, "report long after", err, srtp.ErrAuth)

		// Our own direction did not notice.
		same(t, "ours", packet(2, seq+1), must(far.Unprotect(nil, must(us.Protect(nil, packet(2, seq+1))))))
		same(t, "our report", report(2), must(far.UnprotectRTCP(nil, must(us.ProtectRTCP(nil, report(2))))))
	})
}

// The packets of the new key may begin in the next roll-over, or their
// counter may wrongly begin at 0 again.
func TestRekeyCounters(t *testing.T) {
	bySuite(t, func(t *testing.T, s srtp.Suite) {
		far, us, _, _, _ := call(t, s)
		for _, seq := range []uint16{50_000, 65_535} {
			must(us.Unprotect(nil, must(far.Protect(nil, packet(1, seq)))))
		}
		next := newKey(t, s)
		far.RekeySending(next)
		us.RekeyReceiving(next)
		lost := 0
		for seq := range uint16(5) {
			if _, err := us.Unprotect(nil, must(far.Protect(nil, packet(1, seq)))); err != nil {
				lost++
			}
		}
		if lost > 1 {
			t.Errorf("%d packets lost at a roll-over", lost)
		}

		far, us, _, ourKey, seq := call(t, s)
		must(far.Protect(nil, packet(1, seq+1)))
		anew := newKey(t, s)
		us.RekeyReceiving(anew)
		far = newSession(t, anew, ourKey)
		same(t, "counted anew", packet(1, seq+2), must(us.Unprotect(nil, must(far.Protect(nil, packet(1, seq+2))))))
		same(t, "and on", packet(1, seq+3), must(us.Unprotect(nil, must(far.Protect(nil, packet(1, seq+3))))))
		// A report has its own count, and one that comes first spoils nothing.
		same(t, "report", report(1), must(us.UnprotectRTCP(nil, must(far.ProtectRTCP(nil, report(1))))))
	})
}

func TestReportBeforeAudio(t *testing.T) {
	far, us, _, _, seq := call(t, srtp.AES256GCM)
	next := newKey(t, srtp.AES128CMSHA1_80) // of another suite
	far.RekeySending(next)
	us.RekeyReceiving(next)
	same(t, "report", report(1), must(us.UnprotectRTCP(nil, must(far.ProtectRTCP(nil, report(1))))))
	same(t, "audio", packet(1, seq+1), must(us.Unprotect(nil, must(far.Protect(nil, packet(1, seq+1))))))
}

func TestRekeySame(t *testing.T) {
	far, us, farKey, ourKey, seq := call(t, srtp.AES128GCM)
	heard := must(far.Protect(nil, packet(1, seq+1)))
	must(us.Unprotect(nil, heard))
	if err := us.RekeyReceiving(farKey); err != nil {
		t.Fatal(err)
	}
	if err := us.RekeySending(ourKey); err != nil {
		t.Fatal(err)
	}
	_, err := us.Unprotect(nil, heard)
	want(t, "again after the same key", err, srtp.ErrReplay)
	_, err = us.Protect(nil, packet(2, seq))
	want(t, "number again after the same key", err, srtp.ErrReused)
	same(t, "ours", packet(2, seq+1), must(far.Unprotect(nil, must(us.Protect(nil, packet(2, seq+1))))))

	want(t, "their key for us", us.RekeySending(farKey), srtp.ErrKey)
	want(t, "our key for them", us.RekeyReceiving(ourKey), srtp.ErrKey)
	want(t, "no key", us.RekeySending(srtp.Key{}), srtp.ErrKey)
	want(t, "no key for them", us.RekeyReceiving(srtp.Key{}), srtp.ErrKey)
	same(t, "after all that", packet(2, seq+2), must(far.Unprotect(nil, must(us.Protect(nil, packet(2, seq+2))))))
}

// Keys that were announced and never used do not push out the one in use.
func TestRekeyUnused(t *testing.T) {
	far, us, _, _, seq := call(t, srtp.AES128GCM)
	for range 3 {
		if err := us.RekeyReceiving(newKey(t, srtp.AES128GCM)); err != nil {
			t.Fatal(err)
		}
		seq++
		same(t, "old key", packet(1, seq), must(us.Unprotect(nil, must(far.Protect(nil, packet(1, seq))))))
	}
}

// RFC 3711 §3.4: the index of reports goes on too.
func TestRekeySendingGoesOn(t *testing.T) {
	bySuite(t, func(t *testing.T, s srtp.Suite) {
		secret := make([]byte, 44)
		_, us, _, _, seq := call(t, s)
		next, err := srtp.NewKey(s, constant(9))
		if err != nil {
			t.Fatal(err)
		}
		for i := range secret {
			secret[i] = 9
		}
		if err := us.RekeySending(next); err != nil {
			t.Fatal(err)
		}
		size := map[srtp.Suite]int{srtp.AES256GCM: 44, srtp.AES128GCM: 28}[s]
		if size == 0 {
			size = 30
		}
		same(t, "packet", newOracle(s, secret[:size], forRTP).rtp(packet(2, seq+1), 1), must(us.Protect(nil, packet(2, seq+1))))
		same(t, "report", newOracle(s, secret[:size], forRTCP).rtcp(report(2), 4), must(us.ProtectRTCP(nil, report(2))))
		_, err = us.Protect(nil, packet(2, seq))
		want(t, "number before", err, srtp.ErrReused)
	})
}

type constant byte

func (c constant) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(c)
	}
	return len(b), nil
}

// A far end whose packets carry a key identifier.
func TestKeyIdentifier(t *testing.T) {
	bySuite(t, func(t *testing.T, s srtp.Suite) {
		text := newKey(t, s).Inline()
		key, err := srtp.ParseKey(s, text+"|2^31|258:4")
		if err != nil {
			t.Fatal(err)
		}
		bare, _ := srtp.ParseKey(s, text)
		other := newKey(t, s)
		far, us := newSession(t, key, other), newSession(t, other, key)
		out := must(far.Protect(nil, packet(1, 1)))
		if len(out) != 172+srtp.Overhead(s)+4 {
			t.Errorf("%d bytes", len(out))
		}
		at := len(out) - 4
		if s == srtp.AES128CMSHA1_80 || s == srtp.AES128CMSHA1_32 {
			at -= srtp.Overhead(s) // before the tag
		}
		if got := binary.BigEndian.Uint32(out[at:]); got != 258 {
			t.Errorf("identifier %d", got)
		}
		same(t, "packet", packet(1, 1), must(us.Unprotect(nil, out)))
		same(t, "report", report(1), must(us.UnprotectRTCP(nil, must(far.ProtectRTCP(nil, report(1))))))
		_, err = us.Unprotect(nil, must(newSession(t, bare, other).Protect(nil, packet(1, 2))))
		want(t, "without identifier", err, srtp.ErrAuth)
		_, err = us.Unprotect(nil, must(far.Protect(nil, packet(1, 3)))[:12+srtp.Overhead(s)+3])
		want(t, "too short", err, srtp.ErrShort)
	})
}
