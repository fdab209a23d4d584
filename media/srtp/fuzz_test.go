package srtp_test

import (
	"bytes"
	"errors"
	"testing"

	"partyline/media/srtp"
)

// refused is what becomes of all that a fuzzer makes, as it has no key.
func refused(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, srtp.ErrAuth) && !errors.Is(err, srtp.ErrShort) && !errors.Is(err, srtp.ErrReplay) {
		t.Errorf("taken, or an untyped error: %v", err)
	}
}

func fuzzed(f *testing.F, take func(s *srtp.Session, b []byte) error, genuine func(s *srtp.Session, n uint16) []byte) {
	for i := range everySuite {
		f.Add(uint8(i), packet(1, 2))
		f.Add(uint8(i), report(1))
		f.Add(uint8(i), append([]byte{0x90, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0xf0, 0, 0, 0}, make([]byte, 30)...))
		f.Add(uint8(i), append([]byte{0x90, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xc0, 0xde, 0, 0}, make([]byte, 30)...))
		f.Add(uint8(i), append([]byte{0x9f, 0, 0, 1}, make([]byte, 90)...))
	}
	f.Fuzz(func(t *testing.T, suite uint8, b []byte) {
		ours, theirs := pair(t, everySuite[int(suite)%len(everySuite)])
		whole := bytes.Clone(b)
		refused(t, take(theirs, b))
		if err := take(theirs, genuine(ours, 1)); err != nil {
			t.Errorf("a genuine packet after it: %v", err)
		}
		refused(t, take(theirs, b))
		if err := take(theirs, genuine(ours, 2)); err != nil {
			t.Errorf("the next genuine packet: %v", err)
		}
		if !bytes.Equal(whole, b) {
			t.Error("the packet was changed")
		}
		// What goes out is never cut or lengthened wrongly, whatever it is.
		if out, err := ours.Protect(nil, b); err == nil && len(out) != len(b)+srtp.Overhead(everySuite[int(suite)%len(everySuite)]) {
			t.Errorf("%d bytes become %d", len(b), len(out))
		}
	})
}

func FuzzUnprotect(f *testing.F) {
	fuzzed(f,
		func(s *srtp.Session, b []byte) error { _, err := s.Unprotect(nil, b); return err },
		func(s *srtp.Session, n uint16) []byte { return must(s.Protect(nil, packet(1, n))) })
}

func FuzzUnprotectRTCP(f *testing.F) {
	fuzzed(f,
		func(s *srtp.Session, b []byte) error { _, err := s.UnprotectRTCP(nil, b); return err },
		func(s *srtp.Session, _ uint16) []byte { return must(s.ProtectRTCP(nil, report(1))) })
}

func FuzzParseKey(f *testing.F) {
	for i, s := range everySuite {
		f.Add(uint8(i), newKey(f, s).Inline()+"|2^20|1:4")
	}
	f.Add(uint8(0), "inline:;|:")
	f.Fuzz(func(t *testing.T, n uint8, text string) {
		s := everySuite[int(n)%len(everySuite)]
		k, err := srtp.ParseKey(s, text)
		if err != nil {
			if !errors.Is(err, srtp.ErrKey) || len(err.Error()) > 100 {
				t.Errorf("untyped error %v", err)
			}
			return
		}
		again, err := srtp.ParseKey(s, k.Inline())
		if err != nil || again != k {
			t.Errorf("%q does not read as the same key: %v", k.Inline(), err)
		}
		if _, err := srtp.New(k, newKey(t, s)); err != nil {
			t.Errorf("a key that was read cannot be used: %v", err)
		}
	})
}
