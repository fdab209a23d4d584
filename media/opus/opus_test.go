package opus

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newCodec(t testing.TB) *Codec {
	t.Helper()
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func sine(rate, channels, n int) []int16 {
	pcm := make([]int16, n*channels)
	for i := range pcm {
		pcm[i] = int16(9000 * math.Sin(2*math.Pi*440*float64(i/channels)/float64(rate)))
	}
	return pcm
}

// What NOTICE says about the file that is built in is true.
func TestProvenance(t *testing.T) {
	notice, err := os.ReadFile("NOTICE")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(binaryCode)
	if !strings.Contains(string(notice), hex.EncodeToString(sum[:])) {
		t.Errorf("opus.wasm has SHA-256 %x, NOTICE tells of another", sum)
	}
}

// Packets are of 20 ms, at the bit rate asked for, and say how many channels
// they have (RFC 6716 §3.1). The delay is that of libopus, 6.5 ms.
func TestEncoder(t *testing.T) {
	c := newCodec(t)
	for _, rate := range []int{8000, 12000, 16000, 24000, 48000} {
		for _, channels := range []int{1, 2} {
			const bits = 24000
			e, err := c.Encoder(rate, channels, bits)
			if err != nil {
				t.Fatal(err)
			}
			if want := rate * 65 / 10000; e.Lookahead() != want {
				t.Errorf("%d Hz: a delay of %d samples, want %d", rate, e.Lookahead(), want)
			}
			var packet [1500]byte
			total := 0
			for range 100 {
				n, err := e.Encode(packet[:], sine(rate, channels, rate/50))
				if err != nil {
					t.Fatal(err)
				}
				total += n
				duration := map[byte]int{0: 10, 1: 20, 2: 40, 3: 60}[packet[0]>>3&3]
				if config := packet[0] >> 3; config >= 16 {
					duration = []int{2, 5, 10, 20}[config&3]
				} else if config >= 12 {
					duration = []int{10, 20}[config&1]
				}
				if duration != 20 || packet[0]&3 != 0 || (packet[0]&4 != 0) && channels == 1 {
					t.Fatalf("%d Hz, %d channels: first byte %08b", rate, channels, packet[0])
				}
			}
			if got := total * 8 / 2; got < bits/3 || got > bits*3/2 {
				t.Errorf("%d Hz: %d bits a second, asked for %d", rate, got, bits)
			}
			e.Close()
		}
	}
}

func TestWhatCannotBeEncoded(t *testing.T) {
	c := newCodec(t)
	for _, bad := range [][2]int{{44100, 1}, {0, 1}, {8000, 3}, {8000, 0}} {
		if _, err := c.Encoder(bad[0], bad[1], 16000); err == nil {
			t.Errorf("%d Hz on %d channels", bad[0], bad[1])
		}
	}
	e, err := c.Encoder(8000, 1, 16000)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var packet [1500]byte
	for _, n := range []int{0, 159, 161, 320} {
		if _, err := e.Encode(packet[:], make([]int16, n)); err == nil {
			t.Errorf("%d samples are 20 ms", n)
		}
	}
}

// BenchmarkEncode is 20 ms of speech.
func BenchmarkEncode(b *testing.B) {
	e, err := newCodec(b).Encoder(16000, 1, 28000)
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	pcm := sine(16000, 1, 320)
	var packet [1500]byte
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Encode(packet[:], pcm); err != nil {
			b.Fatal(err)
		}
	}
}
