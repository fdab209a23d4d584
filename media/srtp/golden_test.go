package srtp_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"partyline/media/srtp"
)

// golden is one suite of testdata/libsrtp.txt.
type golden struct {
	suite   srtp.Suite
	key     srtp.Key
	packets map[string][]byte
}

func goldens(t *testing.T) []golden {
	t.Helper()
	text, err := os.ReadFile("testdata/libsrtp.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []golden
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		switch {
		case words[0] == "#":
		case words[0] == "suite":
			s, ok := srtp.ParseSuite(words[1])
			if !ok {
				t.Fatalf("no suite %s", words[1])
			}
			all = append(all, golden{s, keyOf(t, s, unhex(t, words[2])), map[string][]byte{}})
		default:
			all[len(all)-1].packets[words[0]] = unhex(t, words[1])
		}
	}
	if len(all) != 4 {
		t.Fatalf("%d suites", len(all))
	}
	return all
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// keyOf is the key of these bytes, master key and salt.
func keyOf(t testing.TB, s srtp.Suite, secret []byte) srtp.Key {
	t.Helper()
	k, err := srtp.ParseKey(s, "inline:"+base64.StdEncoding.EncodeToString(secret))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// plain are the packets before protection.
func plain(t *testing.T) map[string][]byte {
	full := unhex(t, "92891235 decafc4d cafebabe 01020304 05060708 bede0001 10aa0000")
	for i := range 160 {
		full = append(full, byte(i*7))
	}
	return map[string][]byte{
		"rtp":   append(unhex(t, "800f1234 decafbad cafebabe"), bytes.Repeat([]byte{0xab}, 16)...),
		"full":  full,
		"rtcp1": append(unhex(t, "81c8000b cafebabe"), bytes.Repeat([]byte{0xab}, 16)...),
		"roc1":  append(unhex(t, "800f0002 decafbad cafebabe"), bytes.Repeat([]byte{0xcd}, 20)...),
	}
}

func TestGolden(t *testing.T) {
	packets := plain(t)
	packets["rtcp2"] = packets["rtcp1"]
	for _, g := range goldens(t) {
		t.Run(g.suite.String(), func(t *testing.T) {
			ours, theirs := g.session(t)
			for _, name := range []string{"rtp", "full"} {
				same(t, name, g.packets[name], must(ours.Protect(nil, packets[name])))
				same(t, name+" back", packets[name], must(theirs.Unprotect(nil, g.packets[name])))
			}
			for _, name := range []string{"rtcp1", "rtcp2"} {
				same(t, name, g.packets[name], must(ours.ProtectRTCP(nil, packets[name])))
				same(t, name+" back", packets[name], must(theirs.UnprotectRTCP(nil, g.packets[name])))
			}
			ours, theirs = g.session(t)
			before := bytes.Clone(packets["roc1"])
			before[2], before[3] = 0xff, 0xff
			must(theirs.Unprotect(nil, must(ours.Protect(nil, before))))
			same(t, "roc1", g.packets["roc1"], must(ours.Protect(nil, packets["roc1"])))
			same(t, "roc1 back", packets["roc1"], must(theirs.Unprotect(nil, g.packets["roc1"])))
		})
	}
}

// session is one that sends with the golden key and one that receives with it.
func (g golden) session(t *testing.T) (ours, theirs *srtp.Session) {
	t.Helper()
	other := newKey(t, g.suite)
	return newSession(t, g.key, other), newSession(t, other, g.key)
}

func same(t *testing.T, name string, want, got []byte) {
	t.Helper()
	if !bytes.Equal(want, got) {
		t.Errorf("%s:\ngot  %x\nwant %x", name, got, want)
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

func newKey(t testing.TB, s srtp.Suite) srtp.Key {
	t.Helper()
	k, err := srtp.NewKey(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newSession(t testing.TB, sending, receiving srtp.Key) *srtp.Session {
	t.Helper()
	s, err := srtp.New(sending, receiving)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
