package srtp_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"partyline/media/srtp"
)

func TestSuites(t *testing.T) {
	for _, s := range everySuite {
		if got, ok := srtp.ParseSuite(s.String()); !ok || got != s {
			t.Errorf("%v reads as %v", s, got)
		}
	}
	for _, name := range []string{"", "none", "AES_CM_128_HMAC_SHA1_81", "aead_aes_128_gcm"} {
		if s, ok := srtp.ParseSuite(name); ok {
			t.Errorf("%q is %v", name, s)
		}
	}
	if srtp.Overhead(0) != 0 || srtp.OverheadRTCP(99) != 0 || srtp.Suite(99).String() != "none" {
		t.Error("no suite costs something")
	}
	for _, s := range srtp.Suites() {
		if s == srtp.AES128CMSHA1_32 {
			t.Error("the short tag is offered")
		}
	}
}

func TestNewKey(t *testing.T) {
	for _, s := range everySuite {
		a, err := srtp.NewKey(s, constant(1))
		b, _ := srtp.NewKey(s, constant(1))
		c, _ := srtp.NewKey(s, constant(2))
		if err != nil || a != b || a == c || a.IsZero() || a.Suite() != s {
			t.Errorf("%v: %v %v", s, a, err)
		}
		if d, e := newKey(t, s), newKey(t, s); d == e {
			t.Errorf("%v: the same key twice", s)
		}
		if _, err := srtp.NewKey(s, io.LimitReader(constant(1), 27)); !errors.Is(err, srtp.ErrKey) {
			t.Errorf("%v: %v", s, err)
		}
	}
	if _, err := srtp.NewKey(0, nil); !errors.Is(err, srtp.ErrKey) {
		t.Error(err)
	}
	var none srtp.Key
	if !none.IsZero() || none.Suite() != 0 || none.Inline() != "" {
		t.Error("the zero key is something")
	}
}

const (
	zeros30 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	zeros28 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	zeros44 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)

func TestParseKey(t *testing.T) {
	tests := []struct {
		suite srtp.Suite
		text  string
		want  string // its own text again; empty: ErrKey
	}{
		{srtp.AES128CMSHA1_80, "inline:" + zeros30, "inline:" + zeros30},
		{srtp.AES128CMSHA1_32, "INLINE:" + zeros30, "inline:" + zeros30},
		{srtp.AES128GCM, "inline:" + zeros28 + "==", "inline:" + zeros28 + "=="},
		{srtp.AES128GCM, "inline:" + zeros28, "inline:" + zeros28 + "=="},
		{srtp.AES256GCM, "inline:" + zeros44 + "=", "inline:" + zeros44 + "="},
		{srtp.AES256GCM, "inline:" + zeros44, "inline:" + zeros44 + "="},
		{srtp.AES128CMSHA1_80, "inline:" + zeros30 + "|2^20", "inline:" + zeros30},
		{srtp.AES128CMSHA1_80, "inline:" + zeros30 + "|1048576", "inline:" + zeros30},
		{srtp.AES128CMSHA1_80, "inline:" + zeros30 + "|2^20|1:4", "inline:" + zeros30 + "|1:4"},
		{srtp.AES128CMSHA1_80, "inline:" + zeros30 + "|1:1", "inline:" + zeros30 + "|1:1"},
		{srtp.AES128CMSHA1_80, "inline:" + zeros30 + "|18446744073709551615:8", "inline:" + zeros30 + "|18446744073709551615:8"},

		{0, "inline:" + zeros30, ""},
		{srtp.AES128CMSHA1_80, "", ""},
		{srtp.AES128CMSHA1_80, zeros30, ""},
		{srtp.AES128CMSHA1_80, "inline:", ""},
		{srtp.AES128CMSHA1_80, "uri:" + zeros30, ""},
		{srtp.AES128CMSHA1_80, "inline:" + zeros30[:39], ""},
		{srtp.AES128CMSHA1_80, "inline:" + zeros30 + "AA", ""},
		{srtp.AES128CMSHA1_80, "inline:" + zeros30[:39] + "!", ""},
		{srtp.AES128CMSHA1_80, "inline:" + zeros30[:38] + "\r\n", ""},
		{srtp.AES128GCM, "inline:" + zeros30, ""},
		{srtp.AES256GCM, "inline:" + zeros28 + "==", ""},
		{srtp.AES128CMSHA1_80, "inline:" + zeros30 + ";inline:" + zeros30, ""},
		{srtp.AES128CMSHA1_80, "inline:" + zeros30 + "|", ""},
		{srtp.AES128CMSHA1_80, "inline:" + zeros30 + "|2^49", ""},
		{srtp.AES128CMSHA1_80, "inline:" + zeros30 + "|0", ""},
		{srtp.AES128CMSHA1_80, "inline:" + zeros30 + "|x", ""},
		{srtp.AES128CMSHA1_80, "inline:" + zeros30 + "|1:0", ""},
		{srtp.AES128CMSHA1_80, "inline:" + zeros30 + "|1:9", ""},
		{srtp.AES128CMSHA1_80, "inline:" + zeros30 + "|1:128", ""},
		{srtp.AES128CMSHA1_80, "inline:" + zeros30 + "|256:1", ""},
		{srtp.AES128CMSHA1_80, "inline:" + zeros30 + "|1:4|2^20", ""},
		{srtp.AES128CMSHA1_80, "inline:" + zeros30 + "|2^20|1:4|x", ""},
		{srtp.AES128CMSHA1_80, "inline:" + zeros30 + "|" + strings.Repeat("1", srtp.MaxText), ""},
	}
	for _, test := range tests {
		k, err := srtp.ParseKey(test.suite, test.text)
		if test.want == "" {
			if !errors.Is(err, srtp.ErrKey) || !k.IsZero() || strings.Contains(err.Error(), "AAA") {
				t.Errorf("%v %q: %v", test.suite, test.text, err)
			}
			continue
		}
		if err != nil || k.Inline() != test.want || k.Suite() != test.suite {
			t.Errorf("%v %q: %q, %v", test.suite, test.text, k.Inline(), err)
		}
	}
}

func TestKeyIsNotShown(t *testing.T) {
	k, _ := srtp.NewKey(srtp.AES128GCM, constant(0xa7))
	var out bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&out, nil))
	session := newSession(t, k, newKey(t, srtp.AES128GCM))
	for _, v := range []any{k, &k, []srtp.Key{k}, map[srtp.Key]int{k: 1}, struct{ k srtp.Key }{k}, struct{ K *srtp.Key }{&k}} {
		for _, verb := range "vsqxXdobcUept" {
			fmt.Fprintf(&out, "%"+string(verb), v)
			fmt.Fprintf(&out, "%+"+string(verb), v)
			fmt.Fprintf(&out, "%#"+string(verb), v)
		}
		logger.Info("", "k", v)
		if b, err := json.Marshal(v); err == nil {
			out.Write(b)
		}
	}
	for _, verb := range []string{"%v", "%+v", "%x"} {
		fmt.Fprintf(&out, verb, any(session))
	}
	text := strings.ToLower(out.String())
	for _, secret := range []string{"a7a7", "a7 a7", "167 167", "167, 167", "0xa7, 0xa7", "p6en", "inline", "167 %!", "247 247"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in what was printed", secret)
		}
	}
	if got := fmt.Sprintf("%+v %s %v", k, k, srtp.Key{}); got != "AEAD_AES_128_GCM key AEAD_AES_128_GCM key no SRTP key" {
		t.Error(got)
	}
}
