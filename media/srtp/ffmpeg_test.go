package srtp_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"partyline/media/srtp"
)

// ffmpeg is its path, or empty where it is not installed: then testdata's
// packets of libsrtp stand for the rest of the world.
func ffmpeg(t *testing.T) string {
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Log("no ffmpeg here")
	}
	return path
}

func listen(t *testing.T) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func port(conn *net.UDPConn) int { return conn.LocalAddr().(*net.UDPAddr).Port }

// ffmpegSuites are those that ffmpeg 5 has.
var ffmpegSuites = []srtp.Suite{srtp.AES128CMSHA1_80, srtp.AES128CMSHA1_32}

// ffmpeg sends half a second of PCMU and its reports.
func TestFromFFmpeg(t *testing.T) {
	path := ffmpeg(t)
	if path == "" {
		return
	}
	for _, s := range ffmpegSuites {
		key := newKey(t, s)
		us := newSession(t, newKey(t, s), key)
		media, reports := listen(t), listen(t)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		cmd := exec.CommandContext(ctx, path, "-hide_banner", "-loglevel", "error", "-f", "lavfi",
			"-i", "sine=frequency=440:sample_rate=8000:duration=0.5", "-c:a", "pcm_mulaw", "-f", "rtp",
			"-srtp_out_suite", s.String(), "-srtp_out_params", strings.TrimPrefix(key.Inline(), "inline:"),
			fmt.Sprintf("srtp://127.0.0.1:%d?rtcpport=%d&pkt_size=200", port(media), port(reports)))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("ffmpeg: %v\n%s", err, out)
		}
		samples := 0
		for _, b := range queued(t, media) {
			plain, err := us.Unprotect(nil, b)
			if err != nil || plain[1]&0x7f != 0 {
				t.Fatalf("%v: after %d samples: %v", s, samples, err)
			}
			samples += len(plain) - 12
		}
		if samples != 4000 {
			t.Errorf("%v: %d samples", s, samples)
		}
		if s == srtp.AES128CMSHA1_32 {
			continue // ffmpeg cuts the tag of SRTCP to 32 bits too, against RFC 4568 §6.2.2
		}
		received := queued(t, reports)
		for _, b := range received {
			if plain, err := us.UnprotectRTCP(nil, b); err != nil || plain[1] != 200 {
				t.Errorf("%v: report: %v", s, err)
			}
		}
		if len(received) == 0 {
			t.Errorf("%v: no report", s)
		}
	}
}

// queued are the datagrams that have come.
func queued(t *testing.T, conn *net.UDPConn) (all [][]byte) {
	t.Helper()
	b := make([]byte, 2048)
	for {
		conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		n, err := conn.Read(b)
		if err != nil {
			return all
		}
		all = append(all, bytes.Clone(b[:n]))
	}
}

// ffmpeg receives from us until it has a tenth of a second.
func TestToFFmpeg(t *testing.T) {
	path := ffmpeg(t)
	if path == "" {
		return
	}
	for _, s := range ffmpegSuites {
		key := newKey(t, s)
		var out, complaints string
		for range 5 {
			us := newSession(t, key, newKey(t, s))
			if out, complaints = toFFmpeg(t, path, us, key); !strings.Contains(complaints, "already in use") {
				break
			}
		}
		// Every byte of the payload was that of 15996 in the µ-law of G.711.
		if len(out) < 800 || strings.Trim(out, "\x7c\x3e") != "" {
			t.Errorf("%v: ffmpeg made %d bytes, % x…\n%s", s, len(out), out[:min(len(out), 8)], complaints)
		}
	}
}

// toFFmpeg sends to ffmpeg until it ends, and gives what it made of that and
// what it said.
func toFFmpeg(t *testing.T, path string, us *srtp.Session, key srtp.Key) (out, complaints string) {
	t.Helper()
	conn := listen(t)
	to := freePair(t)
	description := filepath.Join(t.TempDir(), "far.sdp")
	text := fmt.Sprintf("v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio %d RTP/SAVP 0\na=crypto:1 %v %s\n",
		to.Port, key.Suite(), key.Inline())
	if err := os.WriteFile(description, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "-hide_banner", "-loglevel", "error", "-protocol_whitelist", "file,rtp,srtp,udp",
		"-probesize", "32", "-analyzeduration", "0", "-i", description, "-t", "0.1", "-f", "s16le", "-")
	var made, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &made, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	send(us, conn, to, ended)
	return made.String(), said.String()
}

// freePair is an even port that is free and whose next one is too, since
// ffmpeg takes that for RTCP.
func freePair(t *testing.T) *net.UDPAddr {
	t.Helper()
	for range 100 {
		one := listen(t)
		to := one.LocalAddr().(*net.UDPAddr)
		next, err := net.ListenUDP("udp4", &net.UDPAddr{IP: to.IP, Port: to.Port + 1})
		one.Close()
		if err != nil {
			continue
		}
		next.Close()
		if to.Port%2 == 0 {
			return to
		}
	}
	t.Fatal("no two free ports in a row")
	return nil
}

// send sends a packet every few milliseconds until ended says something.
func send(us *srtp.Session, conn *net.UDPConn, to *net.UDPAddr, ended <-chan error) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	plain := packet(1, 0)
	for i := range plain[12:] {
		plain[12+i] = 0x90
	}
	for seq := uint16(0); ; seq++ {
		select {
		case <-ended:
			return
		case <-tick.C:
			binary.BigEndian.PutUint16(plain[2:], seq)
			binary.BigEndian.PutUint32(plain[4:], 160*uint32(seq))
			conn.WriteToUDP(must(us.Protect(nil, plain)), to)
		}
	}
}
