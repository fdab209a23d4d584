package sdp_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"partyline/media/sdp"
	"partyline/media/srtp"
)

// The text of the far end's keys: zeros, and bytes of one.
const (
	key80   = "inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	key128  = "inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
	key256  = "inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	line80  = "a=crypto:3 AES_CM_128_HMAC_SHA1_80 " + key80
	line32  = "a=crypto:4 AES_CM_128_HMAC_SHA1_32 " + key80
	line128 = "a=crypto:2 AEAD_AES_128_GCM " + key128
	line256 = "a=crypto:1 AEAD_AES_256_GCM " + key256
)

// counting is a source of keys that all differ.
type counting byte

func (c *counting) Read(b []byte) (int, error) {
	for i := range b {
		*c++
		b[i] = byte(*c)
	}
	return len(b), nil
}

// guarded is local with a key of each suite.
func guarded(t testing.TB, s sdp.Security) sdp.Local {
	t.Helper()
	l := local
	l.Security = s
	var random counting
	for i, suite := range srtp.Suites() {
		key, err := srtp.NewKey(suite, &random)
		if err != nil {
			t.Fatal(err)
		}
		l.Crypto = append(l.Crypto, sdp.Crypto{Tag: i + 1, Key: key})
	}
	return l
}

const ours = "a=crypto:1 AEAD_AES_256_GCM inline:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKyw=\r\n" +
	"a=crypto:2 AEAD_AES_128_GCM inline:LS4vMDEyMzQ1Njc4OTo7PD0+P0BBQkNERUZHSA==\r\n" +
	"a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:SUpLTE1OT1BRUlNUVVZXWFlaW1xdXl9gYWJjZGVm\r\n"

func TestOfferOfKeys(t *testing.T) {
	plain := string(local.Offer())
	tests := map[sdp.Security]string{
		sdp.Plain:    plain,
		sdp.Optional: plain + ours,
		sdp.Required: strings.Replace(plain, "RTP/AVP", "RTP/SAVP", 1) + ours,
	}
	for security, want := range tests {
		got := string(guarded(t, security).Offer())
		if got != want {
			t.Errorf("%v: offer is\n%s\nwant\n%s", security, got, want)
		}
		if len(got) > 700 {
			t.Errorf("%v: offer of %d bytes does not fit an INVITE over UDP", security, len(got))
		}
	}
}

func TestAnswerWithKey(t *testing.T) {
	tests := map[string]struct {
		security sdp.Security
		lines    []string
		tag      int // 0: plain
		suite    srtp.Suite
		err      error
	}{
		"off, plain":                       {sdp.Plain, []string{"m=audio 30000 RTP/AVP 0"}, 0, 0, nil},
		"off, a key nobody asked for":      {sdp.Plain, []string{"m=audio 30000 RTP/AVP 0", line80}, 0, 0, nil},
		"off, secure":                      {sdp.Plain, []string{"m=audio 30000 RTP/SAVP 0", line80}, 0, 0, sdp.ErrNotPlain},
		"optional, plain":                  {sdp.Optional, []string{"m=audio 30000 RTP/AVP 0"}, 0, 0, nil},
		"optional, key":                    {sdp.Optional, []string{"m=audio 30000 RTP/AVP 0", line80}, 3, srtp.AES128CMSHA1_80, nil},
		"optional, answered as secure":     {sdp.Optional, []string{"m=audio 30000 RTP/SAVP 0", line128}, 2, srtp.AES128GCM, nil},
		"optional, secure without key":     {sdp.Optional, []string{"m=audio 30000 RTP/SAVP 0"}, 0, 0, sdp.ErrNotEncrypted},
		"required, secure":                 {sdp.Required, []string{"m=audio 30000 RTP/SAVP 0", line256}, 1, srtp.AES256GCM, nil},
		"required, with feedback":          {sdp.Required, []string{"m=audio 30000 RTP/SAVPF 0", line256}, 1, srtp.AES256GCM, nil},
		"required, plain":                  {sdp.Required, []string{"m=audio 30000 RTP/AVP 0"}, 0, 0, sdp.ErrNotEncrypted},
		"required, plain profile with key": {sdp.Required, []string{"m=audio 30000 RTP/AVP 0", line256}, 0, 0, sdp.ErrNotEncrypted},
		"required, secure without key":     {sdp.Required, []string{"m=audio 30000 RTP/SAVP 0"}, 0, 0, sdp.ErrNotEncrypted},
		"required, DTLS":                   {sdp.Required, []string{"m=audio 30000 UDP/TLS/RTP/SAVPF 0"}, 0, 0, sdp.ErrNotPlain},
		"two keys":                         {sdp.Required, []string{"m=audio 30000 RTP/SAVP 0", line256, line80}, 0, 0, sdp.ErrBadSDP},
		"tag not offered":                  {sdp.Required, []string{"m=audio 30000 RTP/SAVP 0", strings.Replace(line80, ":3", ":7", 1)}, 0, 0, sdp.ErrBadSDP},
		"suite of another tag":             {sdp.Required, []string{"m=audio 30000 RTP/SAVP 0", strings.Replace(line80, ":3", ":1", 1)}, 0, 0, sdp.ErrBadSDP},
		"suite not offered":                {sdp.Required, []string{"m=audio 30000 RTP/SAVP 0", strings.Replace(line32, ":4", ":3", 1)}, 0, 0, sdp.ErrBadSDP},
		"unknown suite":                    {sdp.Required, []string{"m=audio 30000 RTP/SAVP 0", "a=crypto:1 F8_128_HMAC_SHA1_80 " + key80}, 0, 0, sdp.ErrBadSDP},
		"our own key":                      {sdp.Required, []string{"m=audio 30000 RTP/SAVP 0", strings.TrimSpace(strings.SplitAfter(ours, "\r\n")[0])}, 0, 0, sdp.ErrBadSDP},
		"key too short":                    {sdp.Required, []string{"m=audio 30000 RTP/SAVP 0", "a=crypto:1 AEAD_AES_256_GCM " + key128}, 0, 0, sdp.ErrBadSDP},
		"unencrypted":                      {sdp.Required, []string{"m=audio 30000 RTP/SAVP 0", line80 + " UNENCRYPTED_SRTP"}, 0, 0, sdp.ErrBadSDP},
		"harmless parameters":              {sdp.Required, []string{"m=audio 30000 RTP/SAVP 0", line80 + " WSH=128 -X"}, 3, srtp.AES128CMSHA1_80, nil},
		"lifetime and identifier":          {sdp.Required, []string{"m=audio 30000 RTP/SAVP 0", line80 + "|2^31|1:4"}, 3, srtp.AES128CMSHA1_80, nil},
		"no such tag":                      {sdp.Required, []string{"m=audio 30000 RTP/SAVP 0", strings.Replace(line80, ":3", ":0000000003", 1)}, 0, 0, sdp.ErrBadSDP},
		"half a line":                      {sdp.Required, []string{"m=audio 30000 RTP/SAVP 0", "a=crypto:3 AES_CM_128_HMAC_SHA1_80"}, 0, 0, sdp.ErrBadSDP},
	}
	for name, test := range tests {
		l := guarded(t, test.security)
		r, err := l.ParseAnswer(body(test.lines...))
		if !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
			t.Errorf("%s: error %v, want %v", name, err, test.err)
			continue
		}
		if r.Encrypted() != (test.tag != 0) || r.Crypto.Tag != test.tag || r.Crypto.Key.Suite() != test.suite || r.Sending.Suite() != test.suite {
			t.Errorf("%s: took tag %d with %v and %v", name, r.Crypto.Tag, r.Crypto.Key, r.Sending)
		}
		if test.tag != 0 && r.Sending != l.Crypto[test.tag-1].Key {
			t.Errorf("%s: we send with another key than we offered", name)
		}
		if err == nil && r.Secure != strings.Contains(test.lines[0], "RTP/SAVP") {
			t.Errorf("%s: secure %v", name, r.Secure)
		}
	}
}

func TestOfferWithKeys(t *testing.T) {
	second := strings.SplitAfter(ours, "\r\n")
	tests := map[string]struct {
		security sdp.Security
		lines    []string
		profile  string
		crypto   string // the line of our answer
		err      error
	}{
		"off, best effort":          {sdp.Plain, []string{"m=audio 30000 RTP/AVP 0", line80}, "RTP/AVP", "", nil},
		"off, secure":               {sdp.Plain, []string{"m=audio 30000 RTP/SAVP 0", line80}, "", "", sdp.ErrNotPlain},
		"optional, plain":           {sdp.Optional, []string{"m=audio 30000 RTP/AVP 0"}, "RTP/AVP", "", nil},
		"optional, best effort":     {sdp.Optional, []string{"m=audio 30000 RTP/AVP 0", line80}, "RTP/AVP", second[2], nil},
		"optional, secure":          {sdp.Optional, []string{"m=audio 30000 RTP/SAVPF 0", line128}, "RTP/SAVPF", second[1], nil},
		"optional, unknown suites":  {sdp.Optional, []string{"m=audio 30000 RTP/AVP 0", line32, "a=crypto:9 X y"}, "RTP/AVP", "", nil},
		"optional, none of ours":    {sdp.Optional, []string{"m=audio 30000 RTP/SAVP 0", line32}, "", "", sdp.ErrNotEncrypted},
		"required, secure":          {sdp.Required, []string{"m=audio 30000 RTP/SAVP 0", line80}, "RTP/SAVP", second[2], nil},
		"required, best effort":     {sdp.Required, []string{"m=audio 30000 RTP/AVP 0", line80}, "", "", sdp.ErrNotEncrypted},
		"required, plain":           {sdp.Required, []string{"m=audio 30000 RTP/AVP 0"}, "", "", sdp.ErrNotEncrypted},
		"GCM preferred":             {sdp.Required, []string{"m=audio 30000 RTP/SAVP 0", line32, line80, line128, line256}, "RTP/SAVP", second[0], nil},
		"tags of the offer":         {sdp.Required, []string{"m=audio 30000 RTP/SAVP 0", strings.Replace(line256, ":1", ":77", 1)}, "RTP/SAVP", strings.Replace(second[0], ":1", ":77", 1), nil},
		"bad lines are passed over": {sdp.Required, []string{"m=audio 30000 RTP/SAVP 0", line256 + " UNAUTHENTICATED_SRTP", "a=crypto", "a=crypto:x y", line80}, "RTP/SAVP", second[2], nil},
		"two keys in one line":      {sdp.Required, []string{"m=audio 30000 RTP/SAVP 0", line80 + ";" + key80}, "", "", sdp.ErrNotEncrypted},
		"our own key":               {sdp.Required, []string{"m=audio 30000 RTP/SAVP 0", strings.TrimSpace(second[0])}, "", "", sdp.ErrNotEncrypted},
		"plain line first":          {sdp.Required, []string{"m=audio 30000 RTP/AVP 0", "m=audio 30002 RTP/SAVP 0", line80}, "RTP/SAVP", second[2], nil},
		"17 lines":                  {sdp.Optional, append([]string{"m=audio 30000 RTP/AVP 0"}, strings.Split(strings.Repeat(line80+"\n", 16)+line80, "\n")...), "", "", sdp.ErrBadSDP},
		"17 lines, off":             {sdp.Plain, append([]string{"m=audio 30000 RTP/AVP 0"}, strings.Split(strings.Repeat(line80+"\n", 16)+line80, "\n")...), "RTP/AVP", "", nil},
	}
	for name, test := range tests {
		l := guarded(t, test.security)
		offer, err := l.ParseOffer(body(test.lines...))
		if !errors.Is(err, test.err) || (err == nil) != (test.err == nil) {
			t.Errorf("%s: error %v, want %v", name, err, test.err)
		}
		if err != nil {
			continue
		}
		answer := string(offer.Answer(l))
		if !strings.Contains(answer, "m=audio 20000 "+test.profile+" 0\r\n") {
			t.Errorf("%s: no %s in\n%s", name, test.profile, answer)
		}
		if !strings.HasSuffix(answer, "a=sendrecv\r\n"+test.crypto) {
			t.Errorf("%s: answer is\n%s\nwant at its end\n%s", name, answer, test.crypto)
		}
		if offer.Encrypted() != (test.crypto != "") {
			t.Errorf("%s: encrypted %v", name, offer.Encrypted())
		}
	}
}

// Two of us, whatever each wants: both take the same keys or both refuse.
func TestBothSides(t *testing.T) {
	for _, theirs := range []sdp.Security{sdp.Plain, sdp.Optional, sdp.Required} {
		for _, answering := range []sdp.Security{sdp.Plain, sdp.Optional, sdp.Required} {
			caller, callee := guarded(t, theirs), guarded(t, answering)
			callee.Crypto = nil
			for _, suite := range srtp.Suites() {
				key, _ := srtp.NewKey(suite, nil)
				callee.Crypto = append(callee.Crypto, sdp.Crypto{Tag: 9, Key: key})
			}
			offer, err := callee.ParseOffer(caller.Offer())
			meet := (theirs == sdp.Required) == (answering == sdp.Required) || theirs == sdp.Required && answering == sdp.Optional
			if meet != (err == nil) {
				t.Errorf("%v offers, %v answers: %v", theirs, answering, err)
			}
			if err != nil {
				continue
			}
			remote, err := caller.ParseAnswer(offer.Answer(callee))
			if err != nil {
				t.Errorf("%v offers, %v answers: %v", theirs, answering, err)
				continue
			}
			if want := theirs != sdp.Plain && answering != sdp.Plain; remote.Encrypted() != want || offer.Encrypted() != want {
				t.Errorf("%v offers, %v answers: encrypted %v and %v", theirs, answering, offer.Encrypted(), remote.Encrypted())
			}
			if remote.Sending != offer.Crypto.Key || remote.Crypto.Key != offer.Sending {
				t.Errorf("%v offers, %v answers: the keys do not meet", theirs, answering)
			}
		}
	}
}

func TestKeysStaySecret(t *testing.T) {
	l := guarded(t, sdp.Required)
	offer, err := l.ParseOffer(body("m=audio 30000 RTP/SAVP 0", line80))
	if err != nil {
		t.Fatal(err)
	}
	hidden := struct{ l sdp.Local }{l}
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	for _, v := range []any{l, &l, l.Crypto, l.Crypto[0], offer, *offer, offer.Remote, hidden, offer.Sending} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&log, verb, v)
		}
		if err := json.NewEncoder(&log).Encode(v); err != nil {
			t.Error(err)
		}
		logger.Info("", "v", v)
	}
	for _, secret := range []string{"AQIDBAUG", "LS4vMDEy", "SUpLTE1O", "AAAAAAAA", "inline", "0102030405", "49 4a 4b", "1 2 3 4 5", "1, 2, 3, 4"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%q is in what was printed", secret)
		}
	}
	for _, bad := range []string{
		"a=crypto:3 AES_CM_128_HMAC_SHA1_80 " + key80[:40], "a=crypto:3 AES_CM_128_HMAC_SHA1_80 " + key80 + "|" + key80,
		"a=crypto:3 " + key80 + " x", "a=crypto:" + key80 + " x y", line80 + " " + key80, line80 + "\r\nx " + key80, line80 + "\r\nb=" + key80,
	} {
		_, err := l.ParseAnswer(body("m=audio 30000 RTP/SAVP 0", bad))
		if !errors.Is(err, sdp.ErrBadSDP) || strings.Contains(err.Error(), "AAA") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestG722(t *testing.T) {
	l := local
	l.Codecs = []sdp.Codec{sdp.PCMU, sdp.G722}
	if got := string(l.Offer()); !strings.Contains(got, "m=audio 20000 RTP/AVP 0 9 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:9 G722/8000\r\n") {
		t.Errorf("offer is\n%s", got)
	}
	for _, lines := range [][]string{
		{"m=audio 30000 RTP/AVP 9"},
		{"m=audio 30000 RTP/AVP 9 101", "a=rtpmap:9 G722/8000", "a=rtpmap:101 telephone-event/8000"},
		{"m=audio 30000 RTP/AVP 9 100", "a=rtpmap:9 g722/8000/1", "a=rtpmap:100 telephone-event/16000"},
	} {
		r, err := l.ParseAnswer(body(lines...))
		if err != nil || r.Codec != sdp.G722 || r.HasEvents != strings.Contains(lines[len(lines)-1], "event/") {
			t.Errorf("%v: %+v, %v", lines, r, err)
		}
	}
	offer, err := l.ParseOffer(body("m=audio 30000 RTP/AVP 97", "a=rtpmap:97 G722/8000"))
	if err != nil || !strings.Contains(string(offer.Answer(l)), "m=audio 20000 RTP/AVP 97\r\na=rtpmap:97 G722/8000\r\n") {
		t.Errorf("%+v, %v", offer, err)
	}
	if _, err := l.ParseOffer(body("m=audio 30000 RTP/AVP 97", "a=rtpmap:97 G722/16000")); !errors.Is(err, sdp.ErrNoCodec) {
		t.Errorf("G722/16000: %v", err)
	}
}

func TestVoIPMetrics(t *testing.T) {
	l := local
	l.VoIPMetrics = true
	const line = "a=rtcp-xr:voip-metrics\r\n"
	if got, want := string(l.Offer()), string(local.Offer())+line; got != want {
		t.Errorf("offer is\n%s\nwant\n%s", got, want)
	}
	tests := map[string]struct {
		body []byte
		want bool
	}{
		"none":        {body("m=audio 30000 RTP/AVP 0"), false},
		"alone":       {body("m=audio 30000 RTP/AVP 0", "a=rtcp-xr:voip-metrics"), true},
		"among":       {body("m=audio 30000 RTP/AVP 0", "a=rtcp-xr:pkt-loss-rle=100 voip-metrics rcvr-rtt=all"), true},
		"others":      {body("m=audio 30000 RTP/AVP 0", "a=rtcp-xr:stat-summary=loss,dup"), false},
		"session":     {bytes.Replace(body("m=audio 30000 RTP/AVP 0"), []byte("t=0 0\r\n"), []byte("t=0 0\r\n"+line), 1), true},
		"session, no": {bytes.Replace(body("m=audio 30000 RTP/AVP 0", "a=rtcp-xr"), []byte("t=0 0\r\n"), []byte("t=0 0\r\n"+line), 1), false},
	}
	for name, test := range tests {
		offer, err := l.ParseOffer(test.body)
		if err != nil || offer.VoIPMetrics != test.want {
			t.Errorf("%s: %+v, %v", name, offer, err)
			continue
		}
		if got := strings.Contains(string(offer.Answer(l)), line); got != test.want {
			t.Errorf("%s: answered %v", name, got)
		}
		if strings.Contains(string(offer.Answer(local)), "rtcp-xr") {
			t.Errorf("%s: answered though we do not want it", name)
		}
	}
}

// RFC 5761 §5.1.1: nobody may use one port for both without its being offered.
func TestNoMultiplexing(t *testing.T) {
	offer, err := sdp.Local{Codecs: both}.ParseOffer(body("m=audio 30000 RTP/AVP 0", "a=rtcp-mux"))
	if err != nil || offer.RTCP.Port() != 30001 {
		t.Fatalf("%+v, %v", offer, err)
	}
	if strings.Contains(string(offer.Answer(local)), "rtcp-mux") || strings.Contains(string(local.Offer()), "rtcp-mux") {
		t.Error("we speak of rtcp-mux")
	}
}
