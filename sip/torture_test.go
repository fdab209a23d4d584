package sip

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"partyline/sip/siptest"
)

// verdict is what EXPECTED.tsv says of a message in words: the final codes
// that are right, 0 for silence; any is an answer that is not 400.
type verdict struct {
	codes []int
	any   bool
}

var leadingCodes = regexp.MustCompile(`^[2-6]\d\d(/[2-6]\d\d)*`)

func verdictOf(words string) (v verdict) {
	for _, n := range strings.Split(leadingCodes.FindString(words), "/") {
		if code, err := strconv.Atoi(n); err == nil {
			v.codes = append(v.codes, code)
		}
	}
	v.any = strings.Contains(words, "accept") || strings.HasPrefix(words, "one answer")
	if strings.Contains(words, "discard") || strings.HasPrefix(words, "400 or") {
		v.codes = append(v.codes, 0)
	}
	return v
}

func (v verdict) allows(code int) bool {
	return slices.Contains(v.codes, code) || v.any && code != 400 && code != 0
}

var topVia = regexp.MustCompile(`(?is)^((?:.*?\r\n)?(?:via|v)\s*:\s*SIP\s*/\s*[0-9.]+\s*/\s*)([A-Z]+)(\s+)([^;,\s]+)`)

// TestTortureOfARunningAgent sends every message of RFC 4475 to an agent at
// work: each is answered as it should be, and the agent goes on as before.
func TestTortureOfARunningAgent(t *testing.T) {
	table, err := os.ReadFile(filepath.Join("edge", "testdata", "rfc4475", "EXPECTED.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	peer := siptest.UDP(t)
	r := real(t, peer, "udp:127.0.0.1:0")
	w := r.dial()
	d := r.up(w)
	tried := 0
	for line := range strings.Lines(string(table)) {
		f := strings.Split(line, "\t")
		if len(f) < 2 || f[0] == "file" {
			continue
		}
		tried++
		t.Run(f[0], func(t *testing.T) {
			files, _ := filepath.Glob(filepath.Join("edge", "testdata", "rfc4475", "*valid", f[0]+".dat"))
			if len(files) != 1 {
				t.Fatalf("files %v", files)
			}
			msg, err := os.ReadFile(files[0])
			if err != nil {
				t.Fatal(err)
			}
			want := verdictOf(f[1])
			if len(want.codes) == 0 && !want.any {
				t.Fatalf("no verdict in %q", f[1])
			}
			codes := finals(t, strings.TrimPrefix(r.agent.Addrs()[0], "udp:"), msg, slices.Contains(want.codes, 0))
			switch {
			case len(codes) == 0:
				codes = []int{0}
			case len(codes) > 1:
				t.Errorf("answered %v", codes)
			}
			if !want.allows(codes[0]) {
				t.Errorf("answered %d, want: %s", codes[0], f[1])
			}
		})
	}
	if tried < 49 {
		t.Errorf("only %d messages", tried)
	}
	if res := d.Ask("OPTIONS"); res.Code() != 200 {
		t.Errorf("the call that was up answers %d", res.Code())
	}
	if s := r.agent.Stats(); s.Panics != 0 || s.Active != 1 {
		t.Errorf("%+v", s)
	}
	w.Hangup()
	w.ended(CauseLocal)
	r.bye()
}

// finals sends a datagram and a probe behind it, and lists the final codes
// that answer the first, each transaction's once.
func finals(t *testing.T, addr string, msg []byte, silence bool) (codes []int) {
	t.Helper()
	c, err := net.Dial("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := c.Write(topVia.ReplaceAll(msg, []byte("${1}UDP${3}"+c.LocalAddr().String()))); err != nil {
		t.Fatal(err)
	}
	_, _ = fmt.Fprintf(c, "OPTIONS sip:probe@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bKprobe\r\nFrom: <sip:a@127.0.0.1>;tag=1\r\n"+
		"To: <sip:probe@127.0.0.1>\r\nCall-ID: probe\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n", c.LocalAddr())
	seen, probed, buf := map[string]bool{}, false, make([]byte, 64<<10)
	for !probed || len(codes) == 0 && !silence {
		n, err := c.Read(buf)
		if err != nil {
			t.Errorf("no answer: %v", err)
			return codes
		}
		res := string(buf[:n])
		switch {
		case strings.Contains(res, "Call-ID: probe\r\n"):
			probed = true
		case !strings.HasPrefix(res, "SIP/2.0 1") && !seen[res]:
			seen[res] = true
			code, _ := strconv.Atoi(strings.Fields(res)[1])
			codes = append(codes, code)
		}
	}
	return codes
}
