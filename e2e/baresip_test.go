package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// softphones is one baresip with an account for each number. Each account
// says what is in its WAV file; baresip writes what it says (enc) and hears
// (dec) into files of its own.
type softphones struct {
	t    *testing.T
	dir  string
	addr string
	keys string // where its control interface listens
	mu   sync.Mutex
	out  bytes.Buffer
}

func (s *softphones) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Write(b)
}

// softphone is one account.
type softphone struct {
	number string
	voice  []int16 // at 8 kHz, or 16 kHz for G722
	codec  string  // "" is pcmu; g722/16000/1
	keys   string  // how it sends keys: "" is rtpevent; info
}

// startBaresip runs softphones that speak G.711; voices maps numbers to what
// they say.
func startBaresip(t *testing.T, voices map[string][]int16) *softphones {
	t.Helper()
	var phones []softphone
	for number, voice := range voices {
		phones = append(phones, softphone{number: number, voice: voice})
	}
	return startSoftphones(t, phones...)
}

// startSoftphones runs softphones, all of one codec's rate.
func startSoftphones(t *testing.T, phones ...softphone) *softphones {
	t.Helper()
	program := thirdParty(t, "baresip", "baresip-core")
	s := &softphones{t: t, dir: t.TempDir(), addr: freeUDP(t), keys: freeUDP(t)}
	accounts, hz := "", rate
	for _, p := range phones {
		codec, keys := "pcmu", "rtpevent"
		if p.codec != "" {
			codec, hz = p.codec, 2*rate
		}
		if p.keys != "" {
			keys = p.keys
		}
		file := filepath.Join(s.dir, "voice-"+p.number[1:]+".wav")
		writeWAVAt(t, file, hz, p.voice)
		accounts += fmt.Sprintf("<sip:%s@127.0.0.1>;regint=0;answermode=auto;audio_codecs=%s;ptime=20;dtmfmode=%s;audio_source=aufile,%s\n",
			p.number, codec, keys, file)
	}
	low := 50000 + 2*rand.IntN(5000) // baresip looks for free ports there by itself
	config := fmt.Sprintf(`poll_method epoll
sip_listen %s
net_interface 127.0.0.1
call_max_calls 16
call_hold_other_calls no
audio_player aubridge,nowhere
audio_alert aubridge,alert
ausrc_srate %d
auplay_srate %d
ausrc_channels 1
auplay_channels 1
rtp_ports %d-%d
module_path %s
module g711.so
module g722.so
module aufile.so
module aubridge.so
module sndfile.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen %s
snd_path %s
`, s.addr, hz, hz, low, low+200, baresipModules(t), s.keys, s.dir)
	for name, text := range map[string]string{"config": config, "accounts": accounts, "contacts": ""} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, "-f", s.dir, "-v")
	cmd.Stdout, cmd.Stderr = s, s
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(5*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		kill.Stop()
		if t.Failed() {
			s.mu.Lock()
			defer s.mu.Unlock()
			t.Logf("baresip:\n%s", lastLines(s.out.String(), 60))
		}
	})
	until(t, "baresip is ready", 10*time.Second, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return bytes.Contains(s.out.Bytes(), []byte("baresip is ready"))
	})
	return s
}

func baresipModules(t *testing.T) string {
	t.Helper()
	for _, dir := range []string{"/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules"} {
		if _, err := os.Stat(dir); err == nil {
			return dir
		}
	}
	t.Fatal("baresip's modules are not where Debian puts them")
	return ""
}

// heard are the recordings of what was heard so far, in order of their calls.
func (s *softphones) heard() []string {
	files, err := filepath.Glob(filepath.Join(s.dir, "dump-*-dec.wav"))
	if err != nil {
		s.t.Fatal(err)
	}
	return files
}

// ring adds a softphone to a conference, waits until it is connected, and
// returns the participant with the file of what it hears. baresip names the
// files by the second, so the next call waits for the next one.
func (s *softphones) ring(d *daemon, conf, number string, more fields) (person, string) {
	s.t.Helper()
	before := len(s.heard())
	second := time.Now().Unix()
	p := d.add(conf, number, more)
	p = d.becomes(conf, p.ID, "connected", 10*time.Second)
	until(s.t, "baresip records", 5*time.Second, func() bool { return len(s.heard()) > before })
	until(s.t, "the next second", 3*time.Second, func() bool { return time.Now().Unix() > second+1 })
	return p, s.heard()[before]
}

// samplesIn is how much of a recording there is.
func samplesIn(t *testing.T, file string) int {
	t.Helper()
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return max(0, int(info.Size()-44)/2)
}

// stretch is a part of each recording, in samples.
type stretch struct{ from, to []int }

// listen lets things settle for 600 ms of audio and then marks two seconds in
// every recording.
func listen(t *testing.T, files ...string) stretch {
	t.Helper()
	return listenAt(t, rate, files...)
}

// listenAt is listen where a recording has this many samples a second at most.
func listenAt(t *testing.T, hz int, files ...string) stretch {
	t.Helper()
	grown := func(n int) []int {
		t.Helper()
		start := make([]int, len(files))
		for i, f := range files {
			start[i] = samplesIn(t, f)
		}
		end := make([]int, len(files))
		until(t, "audio arrives", 15*time.Second, func() bool {
			for i, f := range files {
				if end[i] = samplesIn(t, f); end[i] < start[i]+n {
					return false
				}
			}
			return true
		})
		return end
	}
	return stretch{grown(hz * 6 / 10), grown(2 * hz)}
}
