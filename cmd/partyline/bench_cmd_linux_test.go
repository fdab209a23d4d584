package main

// Elsewhere the processor time of other processes is not known.

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"partyline/cmd/partyline/bench"
)

// offspring are the processes that this one has started and that are still
// there.
func offspring() (pids []string) {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(b), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(os.Getpid()) {
			pids = append(pids, filepath.Base(filepath.Dir(f)))
		}
	}
	return pids
}

// A short run of ten legs with bridge, phones and bare sockets: everything is
// measured, nobody hears a wrong tone, and nothing is left.
func TestBench(t *testing.T) {
	t.Setenv(asItself, "1")
	dir := t.TempDir()
	figures, drawing := filepath.Join(dir, "bench.json"), filepath.Join(dir, "bench.svg")
	partyline(t, "bench", "rooms", "--legs", "10", "--for", "1s", "--settle", "400ms", "--json", figures, "--svg", drawing).
		want(t, 0, "rooms", "ratio", "memory a leg", "bare sockets, 10")

	b, err := os.ReadFile(figures)
	if err != nil {
		t.Fatal(err)
	}
	var r bench.Report
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Runs) != 1 {
		t.Fatalf("%d runs", len(r.Runs))
	}
	f := r.Runs[0]
	if f.SetUp.Answered != 10 || f.Heard.Packets == 0 || f.Heard.Sent == 0 || f.Heard.Windows == 0 || f.Heard.Unexpected != 0 || f.Heard.Streams != 0 {
		t.Errorf("set up %+v, heard %+v", f.SetUp, f.Heard)
	}
	if f.CPU <= 0 || f.LoadCPU <= 0 || f.Ticks == 0 || f.RSS == 0 || f.Floor == nil || f.Floor.CPU <= 0 || f.Floor.HotNS <= 0 || f.Floor.Load.Packets == 0 || f.Ratio <= 0 {
		t.Errorf("not measured: %+v, floor %+v", f, f.Floor)
	}
	if len(r.Goals) == 0 || r.Machine.Cores == 0 {
		t.Errorf("goals %v, machine %+v", r.Goals, r.Machine)
	}
	svg, err := os.Open(drawing)
	if err != nil {
		t.Fatal(err)
	}
	defer svg.Close()
	for d := xml.NewDecoder(svg); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if left := offspring(); len(left) > 0 {
		t.Errorf("processes left: %v", left)
	}
}

// progress is called off when it says a word.
type progress struct {
	word string
	stop context.CancelFunc
}

func (p progress) Write(b []byte) (int, error) {
	if strings.Contains(string(b), p.word) {
		p.stop()
	}
	return len(b), nil
}

// A run that is called off ends at once and leaves no process behind.
func TestBenchCalledOff(t *testing.T) {
	t.Setenv(asItself, "1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	_, err = bench.Run(ctx, bench.Options{
		Program: self, Part: []string{"bench-part"}, Scenarios: []string{"open"}, Legs: []int{10, 10},
		For: time.Hour, Settle: 400 * time.Millisecond, Out: progress{"all are connected", stop},
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	if left := offspring(); len(left) > 0 {
		t.Errorf("processes left: %v", left)
	}
}

func TestBenchRefuses(t *testing.T) {
	partyline(t, "bench", "opera").want(t, 1, `no scenario "opera"`, "webinar")
	partyline(t, "bench", "open", "--legs", "1").want(t, 1, "at least 2")
	partyline(t, "bench", "open", "--legs", "many").want(t, 2)
}
