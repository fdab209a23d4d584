package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"net/http"
	"testing"
	"time"

	"partyline/cmd/partyline/carrier"
)

// Two callees of the simulated carrier, and what they say for ever.
const (
	lowNumber, lowTone   = "+12025550103", 430.0
	highNumber, highTone = "+12025550161", 1010.0
)

// recording is one as the API shows it.
type recording struct {
	ID          string  `json:"id"`
	Status      string  `json:"status"`
	Interrupted bool    `json:"interrupted"`
	Continues   string  `json:"continues"`
	Duration    float64 `json:"duration"`
	Error       string  `json:"error"`
	Files       []struct {
		ParticipantID string `json:"participant_id"`
		ContentType   string `json:"content_type"`
		Bytes         int64  `json:"bytes"`
		SHA256        string `json:"sha256"`
		URL           string `json:"url"`
	} `json:"files"`
}

func (d *daemon) recordings(conf string) []recording {
	d.t.Helper()
	var page struct {
		Recordings []recording `json:"recordings"`
	}
	d.call("GET", "/v2/conferences/"+conf+"/recordings", nil, &page)
	return page.Recordings
}

// finished waits for a recording's files.
func (d *daemon) finished(conf, id string) recording {
	d.t.Helper()
	var r recording
	until(d.t, "recording "+id+" is ready", 30*time.Second, func() bool {
		d.call("GET", "/v2/conferences/"+conf+"/recordings/"+id, nil, &r)
		if r.Status == "failed" {
			d.t.Fatalf("recording %s failed: %s", id, r.Error)
		}
		return r.Status == "ready"
	})
	return r
}

// download fetches a file of a recording, holds it against what was said of
// it, and returns its sound.
func (d *daemon) download(r recording, participant string) []int16 {
	d.t.Helper()
	for _, f := range r.Files {
		if f.ParticipantID != participant {
			continue
		}
		req, err := http.NewRequestWithContext(d.t.Context(), "GET", d.url+f.URL, nil)
		if err != nil {
			d.t.Fatal(err)
		}
		req.Header.Set("X-Auth-Token", adminKey)
		client := http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
		res, err := client.Do(req)
		if err != nil {
			d.t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			d.t.Fatalf("%s: %s %v", f.URL, res.Status, err)
		}
		sum := sha256.Sum256(b)
		if hex.EncodeToString(sum[:]) != f.SHA256 || int64(len(b)) != f.Bytes || res.Header.Get("Content-Type") != f.ContentType {
			d.t.Errorf("%s: %d bytes of %s, not %d of %s, or another sum", f.URL, len(b), res.Header.Get("Content-Type"), f.Bytes, f.ContentType)
		}
		return samplesOf(d.t, b)
	}
	d.t.Fatalf("recording %s has no file of %q: %+v", r.ID, participant, r.Files)
	return nil
}

// samplesOf is the sound of a WAV file whose headers must fit its length.
func samplesOf(t *testing.T, b []byte) []int16 {
	t.Helper()
	at := bytes.Index(b, []byte("data"))
	if at < 0 || !bytes.HasPrefix(b, []byte("RIFF")) || int(binary.LittleEndian.Uint32(b[4:]))+8 != len(b) {
		t.Fatalf("%d bytes that are no whole WAV file", len(b))
	}
	if n := int(binary.LittleEndian.Uint32(b[at+4:])); n != len(b)-at-8 {
		t.Fatalf("the header says %d bytes of sound, there are %d", n, len(b)-at-8)
	}
	pcm := make([]int16, (len(b)-at-8)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(b[at+8+2*i:]))
	}
	return pcm
}

// speaks wants a tone in a sound, or wants it not to be there.
func speaks(t *testing.T, what string, pcm []int16, freq float64, yes bool) {
	t.Helper()
	if level := levelOf(pcm, freq); level > -40 != yes {
		t.Errorf("%s: %.0f Hz has %.1f dBFS", what, freq, level)
	}
}

// TestRecordingThroughAKill records two phones, kills the daemon with -9 in
// the middle, and wants both what was said before and what is said after.
func TestRecordingThroughAKill(t *testing.T) {
	t.Parallel()
	phones, err := carrier.Listen(carrier.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer phones.Close()
	d := serve(t, trunk(phones.Addr().String()))
	conf := d.conference(fields{"member_notification": false, "guidance": false})
	path := "/v2/conferences/" + conf
	low, high := d.add(conf, lowNumber, nil), d.add(conf, highNumber, nil)
	d.becomes(conf, low.ID, "connected", 20*time.Second)
	d.becomes(conf, high.ID, "connected", 20*time.Second)

	var r recording
	d.call("POST", path+"/recording/start", fields{"tracks": true}, &r)
	wait(t, 6*time.Second) // as long as two rounds of what is written through to the disk
	d.restart()
	old := d.finished(conf, r.ID)
	if !old.Interrupted || len(old.Files) != 3 {
		t.Errorf("the recording that broke off: %+v", old)
	}
	if old.Duration < 4 {
		t.Errorf("of 6 s there are %.1f s left", old.Duration)
	}
	mix := d.download(old, "")
	speaks(t, "the mix", mix, lowTone, true)
	speaks(t, "the mix", mix, highTone, true)
	track := d.download(old, low.ID)
	speaks(t, "one track", track, lowTone, true)
	speaks(t, "one track", track, highTone, false)

	var next recording
	until(t, "it goes on", 30*time.Second, func() bool {
		for _, x := range d.recordings(conf) {
			if x.Continues == r.ID {
				next = x
			}
		}
		return next.ID != ""
	})
	d.becomes(conf, low.ID, "connected", 20*time.Second)
	wait(t, 3*time.Second)
	d.call("POST", path+"/recording/stop", fields{}, nil)
	next = d.finished(conf, next.ID)
	mix = d.download(next, "")
	speaks(t, "what goes on", mix, lowTone, true)
	speaks(t, "what goes on", mix, highTone, true)
	d.eventsHaveNoGap(conf)
	d.call("POST", path+"/end", fields{}, nil)
}

// wait lets people talk for a while.
func wait(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}
