package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"io"
	"math"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"partyline/cmd/partyline/carrier"
	"partyline/media/sound"
)

// recorded is a recording as the API shows one.
type recorded struct {
	ID          string `json:"id"`
	Status      string `json:"status"`
	Interrupted bool   `json:"interrupted"`
	Continues   string `json:"continues"`
	Error       string `json:"error"`
	Files       []struct {
		ParticipantID string `json:"participant_id"`
		SHA256        string `json:"sha256"`
		Bytes         int64  `json:"bytes"`
	} `json:"files"`
}

func (d *daemon) recordings(conf string) []recorded {
	d.t.Helper()
	var page struct {
		Recordings []recorded `json:"recordings"`
	}
	d.call("GET", "/v2/conferences/"+conf+"/recordings", nil, &page)
	return page.Recordings
}

// download reads a finished file.
func (d *daemon) download(path string) ([]byte, http.Header) {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), "GET", d.url+path, nil)
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
	if err != nil || res.StatusCode != 200 {
		d.t.Fatalf("%s: %s, %v", path, res.Status, err)
	}
	return b, res.Header
}

// seconds is how long a standard player takes a file to be.
func seconds(t *testing.T, ffprobe, file string) float64 {
	t.Helper()
	out, err := exec.Command(ffprobe, "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", file).CombinedOutput()
	if err != nil {
		t.Fatalf("ffprobe: %v: %s", err, out)
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestRecordingSurvivesKill records two simulated phones with a track each and
// kills the daemon with -9 in the middle. The file opens in a standard player
// and has all but the last second; the next start finishes the recording, goes
// on with another, and the tracks are aligned.
func TestRecordingSurvivesKill(t *testing.T) {
	t.Parallel()
	ffprobe := thirdParty(t, "ffprobe", "ffmpeg")
	phones, err := carrier.Listen(carrier.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer phones.Close()
	d := serve(t, trunk(phones.Addr().String()))
	conf := d.conference(fields{"member_notification": false, "guidance": false})
	ann := d.add(conf, "+12025550120", fields{"role": "presenter"}) // 600 Hz
	bob := d.add(conf, "+12025550150", nil)                         // 900 Hz
	d.becomes(conf, ann.ID, "connected", 10*time.Second)
	d.becomes(conf, bob.ID, "connected", 10*time.Second)
	d.call("POST", "/v2/conferences/"+conf+"/recording/start", fields{"name": "Board", "tracks": true}, nil)
	began := time.Now()
	folder := filepath.Join(d.dir, "recordings")
	until(t, "five seconds are recorded", 15*time.Second, func() bool { return time.Since(began) > 5*time.Second })
	long := time.Since(began).Seconds()
	d.kill(syscall.SIGKILL)

	mixes, _ := filepath.Glob(filepath.Join(folder, "*", "mix.wav"))
	if len(mixes) != 1 {
		t.Fatalf("files %q", mixes)
	}
	if got := seconds(t, ffprobe, mixes[0]); got < long-1.2 || got > long+0.5 {
		t.Errorf("the player finds %.2f s of %.2f", got, long)
	}

	d.start()
	until(t, "the recording is finished and another goes on", 15*time.Second, func() bool {
		list := d.recordings(conf)
		return len(list) == 2 && list[0].Status == "ready" && list[1].Status == "recording"
	})
	list := d.recordings(conf)
	if !list[0].Interrupted || list[1].Continues != list[0].ID {
		t.Errorf("recordings %+v", list)
	}
	base := "/v2/conferences/" + conf + "/recordings/" + list[0].ID + "/audio"
	mix, header := d.download(base)
	sum := sha256.Sum256(mix)
	if !strings.Contains(header.Get("Repr-Digest"), base64.StdEncoding.EncodeToString(sum[:])) {
		t.Errorf("Repr-Digest %q", header.Get("Repr-Digest"))
	}
	a, _ := d.download(base + "?track=" + ann.ID)
	b, _ := d.download(base + "?track=" + bob.ID)
	m, pa, pb := samples(mix), samples(a), samples(b)
	if len(pa) != len(m) || len(pb) != len(m) {
		t.Errorf("%d samples of the mix, %d and %d of the tracks", len(m), len(pa), len(pb))
	}
	middle := func(pcm []int16) []int16 { return pcm[len(pcm)/2 : len(pcm)/2+rate] }
	for name, c := range map[string]struct {
		pcm        []int16
		in, absent float64
	}{"Ann": {pa, 600, 900}, "Bob": {pb, 900, 600}} {
		if got := sound.Goertzel(middle(c.pcm), rate, c.in); got < -20 {
			t.Errorf("%s's own tone is at %.1f dBFS in the track", name, got)
		}
		if got := sound.Goertzel(middle(c.pcm), rate, c.absent); got > -60 {
			t.Errorf("another's tone is at %.1f dBFS in %s's track", got, name)
		}
	}
	worst := 0.0
	for i := range middle(m) {
		at := len(m)/2 + i
		worst = max(worst, math.Abs(float64(m[at])-float64(pa[at])-float64(pb[at])))
	}
	if worst > 64 { // the limiter and the steps of the sum; 20 ms apart it would be thousands
		t.Errorf("the tracks do not add up to the mix: %v", worst)
	}
	again := time.Now()
	until(t, "three seconds more are recorded", 15*time.Second, func() bool { return time.Since(again) > 3*time.Second })
	d.call("POST", "/v2/conferences/"+conf+"/recording/stop", fields{}, nil)
	until(t, "the second is ready", 10*time.Second, func() bool { return d.recordings(conf)[1].Status == "ready" })
	more, _ := d.download("/v2/conferences/" + conf + "/recordings/" + list[1].ID + "/audio")
	for _, tone := range []float64{600, 900} {
		if pcm := samples(more); len(pcm) < 2*rate || sound.Goertzel(middle(pcm), rate, tone) < -20 {
			t.Errorf("what goes on has %d samples without %.0f Hz", len(pcm), tone)
		}
	}
	d.call("DELETE", "/v2/conferences/"+conf+"/recordings/"+list[0].ID, nil, nil)
	if left, _ := filepath.Glob(filepath.Join(folder, "*", "mix.wav")); len(left) != 1 {
		t.Errorf("files after the deletion: %q", left)
	}
}

// samples of a WAV file's first channel.
func samples(file []byte) []int16 {
	i := bytes.Index(file, []byte("data"))
	if i < 0 {
		return nil
	}
	b := file[i+8:]
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return pcm
}
