package sdp_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"partyline/media/sdp"
)

// guardedSane checks what must hold of any body when keys are wanted: nothing
// unencrypted passes where encryption is required, and no key is repeated in
// an error.
func guardedSane(t *testing.T, body []byte) {
	t.Helper()
	for _, security := range []sdp.Security{sdp.Optional, sdp.Required} {
		l := guarded(t, security)
		remote, err := l.ParseAnswer(body)
		quiet(t, body, err)
		checkKeys(t, l, remote, err)
		offer, err := l.ParseOffer(body)
		quiet(t, body, err)
		if err != nil {
			continue
		}
		checkKeys(t, l, offer.Remote, err)
		answer := string(offer.Answer(l))
		if n := strings.Count(answer, "a=crypto:"); n > 1 || (n == 1) != offer.Encrypted() {
			t.Errorf("%v: %d keys in our answer\n%s", security, n, answer)
		}
		if security == sdp.Required {
			for line := range strings.Lines(answer) {
				if strings.HasPrefix(line, "m=audio ") && strings.Contains(line, " RTP/AVP") && !strings.HasPrefix(line, "m=audio 0 ") {
					t.Errorf("plain audio taken: %s", line)
				}
			}
		}
		other := guarded(t, security)
		other.Crypto = []sdp.Crypto{{Tag: offer.Crypto.Tag, Key: offer.Crypto.Key}}
		if again, err := other.ParseAnswer([]byte(answer)); err != nil || again.Encrypted() != offer.Encrypted() {
			t.Errorf("our own answer reads as %+v, %v\n%s", again, err, answer)
		}
	}
}

func checkKeys(t *testing.T, l sdp.Local, r sdp.Remote, err error) {
	t.Helper()
	if err != nil {
		return
	}
	if l.Security == sdp.Required && (!r.Encrypted() || !r.Secure) || r.Secure && !r.Encrypted() {
		t.Errorf("%v: not encrypted: %+v", l.Security, r)
	}
	if r.Encrypted() && (r.Sending.IsZero() || r.Sending == r.Crypto.Key || r.Sending.Suite() != r.Crypto.Key.Suite()) {
		t.Errorf("%v: keys %v and %v", l.Security, r.Crypto, r.Sending)
	}
}

func quiet(t *testing.T, body []byte, err error) {
	t.Helper()
	if !errors.Is(err, sdp.ErrNotEncrypted) {
		typed(t, err)
	}
	if err == nil || !strings.Contains(err.Error(), "AAAAAAAA") {
		return
	}
	for line := range bytes.Lines(body) {
		if !bytes.HasPrefix(line, []byte("a=crypto:")) && bytes.Contains(line, []byte("AAAAAAAA")) {
			return // a line that is no place for a key
		}
	}
	t.Errorf("a key is in %v", err)
}

func TestCorpusWithKeys(t *testing.T) {
	for name, body := range corpus(t) {
		t.Run(name, func(t *testing.T) { guardedSane(t, body) })
	}
}

func FuzzCrypto(f *testing.F) {
	for _, b := range corpus(f) {
		f.Add(b)
	}
	for _, line := range []string{line80, line32, line128, line256, line80 + "|2^31|1:4", line80 + " WSH=64", line80 + ";" + key80, "a=crypto:0 a b"} {
		f.Add(body("m=audio 30000 RTP/SAVP 0 101", line, "a=rtpmap:101 telephone-event/8000"))
		f.Add(body("m=audio 30000 RTP/AVP 0", line, line256, "a=rtcp-xr:voip-metrics"))
	}
	f.Fuzz(func(t *testing.T, body []byte) { guardedSane(t, body) })
}
