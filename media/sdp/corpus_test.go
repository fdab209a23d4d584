package sdp_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	psdp "github.com/pion/sdp/v3"

	"partyline/media/sdp"
)

var both = []sdp.Codec{sdp.PCMU, sdp.PCMA}

// corpus are the seed descriptions.
func corpus(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/corpus/*.sdp")
	if err != nil || len(names) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	bodies := make(map[string][]byte)
	for _, name := range names {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		bodies[filepath.Base(name)] = body
	}
	return bodies
}

// sane checks what must hold of any body: a typed error, or a description
// within its limits whose answer the far end's own parser would read.
func sane(t *testing.T, body []byte) {
	t.Helper()
	begin := time.Now()
	remote, err := sdp.Local{Codecs: both}.ParseAnswer(body)
	typed(t, err)
	if err == nil {
		whole(t, remote)
	}
	offer, err := sdp.Local{Codecs: both}.ParseOffer(body)
	typed(t, err)
	if err == nil {
		whole(t, offer.Remote)
		answer := offer.Answer(local)
		var session psdp.SessionDescription
		if err := session.Unmarshal(answer); err != nil {
			t.Errorf("our answer cannot be read: %v\n%s", err, answer)
		}
		var theirs psdp.SessionDescription
		if err := theirs.Unmarshal(body); err != nil || len(theirs.MediaDescriptions) != len(session.MediaDescriptions) {
			t.Errorf("our answer has %d media lines for %d\n%s", len(session.MediaDescriptions), len(theirs.MediaDescriptions), answer)
		}
		if again, err := (sdp.Local{Codecs: both}).ParseAnswer(answer); err != nil || again.Codec.Name != offer.Codec.Name {
			t.Errorf("our own answer reads as %+v, %v", again, err)
		}
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("took %v", took)
	}
}

func typed(t *testing.T, err error) {
	t.Helper()
	if err == nil || errors.Is(err, sdp.ErrBadSDP) || errors.Is(err, sdp.ErrNoCodec) ||
		errors.Is(err, sdp.ErrNotPlain) || errors.Is(err, sdp.ErrRefused) {
		if err != nil && (len(err.Error()) > 300 || strings.ContainsAny(err.Error(), "\r\n\x00")) {
			t.Errorf("error not fit to be logged: %q", err)
		}
		return
	}
	t.Errorf("untyped error %v", err)
}

func whole(t *testing.T, r sdp.Remote) {
	t.Helper()
	if r.Codec.Name != "PCMU" && r.Codec.Name != "PCMA" || r.Codec.Rate != 8000 {
		t.Errorf("codec %+v", r.Codec)
	}
	if r.Addr.IsValid() && (r.Addr.Port() == 0 || r.Addr.Addr().IsUnspecified() || r.Addr.Addr().Zone() != "") {
		t.Errorf("address %v", r.Addr)
	}
	if r.Ptime < 10 || r.Ptime > 60 || r.Direction > sdp.Inactive {
		t.Errorf("ptime %d direction %v", r.Ptime, r.Direction)
	}
}

func TestCorpus(t *testing.T) {
	for name, body := range corpus(t) {
		t.Run(name, func(t *testing.T) { sane(t, body) })
	}
}

func FuzzBody(f *testing.F) {
	for _, body := range corpus(f) {
		f.Add(body)
	}
	f.Add([]byte(local.Offer()))
	f.Add([]byte(badAnswer))
	f.Fuzz(func(t *testing.T, body []byte) { sane(t, body) })
}
