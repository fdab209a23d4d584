package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"partyline/cmd/partyline/carrier"
)

// TestNothingAcknowledgedIsLost kills the daemon with -9 at random moments
// while 200 people are being added. Whoever was acknowledged must be there in
// the end, once; a request without an answer is repeated with its
// Idempotency-Key and must not make a second participant.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	t.Parallel()
	const adds, kills = 200, 8
	phones, err := carrier.Listen(carrier.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer phones.Close()
	d := serve(t, trunk(phones.Addr().String())+"limits: {adds_per_second: 1000}\n")
	conf := d.conference(fields{"max_participants": 1000})
	url := d.url

	var mu sync.Mutex
	acknowledged := map[string]string{} // external id → participant
	var done atomic.Int64
	var wg sync.WaitGroup
	work := make(chan int)
	for range 4 {
		wg.Go(func() {
			for i := range work {
				id := addUntilAcknowledged(t, url, conf, i)
				mu.Lock()
				acknowledged[fmt.Sprint("person-", i)] = id
				mu.Unlock()
				done.Add(1)
			}
		})
	}
	wg.Go(func() {
		defer close(work)
		for i := range adds {
			work <- i
		}
	})
	for k := range kills {
		at := int64(k*adds/kills + rand.IntN(adds/kills))
		until(t, "adds go on", time.Minute, func() bool { return done.Load() >= at })
		d.restart()
	}
	wg.Wait()
	d.restart() // and once more, to read everything from the disk

	seen := map[string]string{}
	for _, p := range d.peopleWithExternalIDs(conf) {
		if other, twice := seen[p.ExternalID]; twice {
			t.Errorf("%s is there twice: %s and %s", p.ExternalID, other, p.ID)
		}
		seen[p.ExternalID] = p.ID
	}
	for external, id := range acknowledged {
		if seen[external] != id {
			t.Errorf("%s was acknowledged as %s and is there as %q", external, id, seen[external])
		}
	}
	if len(acknowledged) != adds || len(seen) != adds {
		t.Errorf("%d acknowledged, %d there, %d asked for", len(acknowledged), len(seen), adds)
	}
	d.eventsHaveNoGap(conf)
	d.call("POST", "/v2/conferences/"+conf+"/end", fields{}, nil)
	d.kill(syscall.SIGTERM)
	check := exec.Command(program, "store", "check", "--config", filepath.Join(d.dir, "partyline.yaml"))
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("store check: %v\n%s", err, out)
	}
}

// addUntilAcknowledged repeats one add, under one Idempotency-Key, over
// however many crashes.
func addUntilAcknowledged(t *testing.T, url, conf string, i int) string {
	body, _ := json.Marshal(fields{
		"phone_number": fmt.Sprintf("+1303%03d01%02d", 200+i/100, i%100),
		"external_id":  fmt.Sprint("person-", i),
	})
	key := fmt.Sprint("add-", i)
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		req, err := http.NewRequestWithContext(t.Context(), "POST", url+"/v2/conferences/"+conf+"/participants", bytes.NewReader(body))
		if err != nil {
			t.Error(err)
			return ""
		}
		req.Header.Set("X-Auth-Token", adminKey)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Idempotency-Key", key)
		res, err := client.Do(req)
		if err == nil {
			text, readErr := io.ReadAll(res.Body)
			_ = res.Body.Close()
			var p person
			if readErr == nil && res.StatusCode == http.StatusOK && json.Unmarshal(text, &p) == nil {
				return p.ID
			}
			if res.StatusCode >= 400 && res.StatusCode != http.StatusTooManyRequests && res.StatusCode != http.StatusConflict && res.StatusCode < 500 {
				t.Errorf("add %d: %s %s", i, res.Status, text)
				return ""
			}
		}
		select {
		case <-again.C:
		case <-t.Context().Done():
			return ""
		}
	}
}

type externalPerson struct {
	person
	ExternalID string `json:"external_id"`
}

func (d *daemon) peopleWithExternalIDs(conf string) []externalPerson {
	d.t.Helper()
	var page struct {
		Participants []externalPerson `json:"participants"`
	}
	d.call("GET", "/v2/conferences/"+conf+"/participants?limit=1000", nil, &page)
	return page.Participants
}

// eventsHaveNoGap reads all events so far and checks their numbers.
func (d *daemon) eventsHaveNoGap(conf string) {
	d.t.Helper()
	var c struct {
		Seq uint64 `json:"seq"`
	}
	d.call("GET", "/v2/conferences/"+conf, nil, &c)
	ctx, cancel := context.WithTimeout(d.t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", d.url+"/v2/conferences/"+conf+"/events?after=0", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("X-Auth-Token", adminKey)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	var text strings.Builder
	buf := make([]byte, 64<<10)
	next := uint64(1)
	for next <= c.Seq {
		n, err := res.Body.Read(buf)
		text.Write(buf[:n])
		for {
			frame, rest, ok := strings.Cut(text.String(), "\n\n")
			if !ok {
				break
			}
			text.Reset()
			text.WriteString(rest)
			for line := range strings.Lines(frame) {
				if id, ok := strings.CutPrefix(strings.TrimSpace(line), "id: "); ok {
					if id != fmt.Sprint(next) {
						d.t.Fatalf("event %s follows %d", id, next-1)
					}
					next++
				}
			}
		}
		if err != nil {
			d.t.Fatalf("events end after %d of %d: %v", next-1, c.Seq, err)
		}
	}
}
