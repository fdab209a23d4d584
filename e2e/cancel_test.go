package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"partyline/cmd/partyline/carrier"
)

// TestNoGhostCalls rings a thousand phones that answer after a random time of
// up to three seconds and removes each after a random time of up to three
// seconds. No phone may stay off the hook, and each that answered must have
// been acknowledged and hung up.
func TestNoGhostCalls(t *testing.T) {
	t.Parallel()
	const calls = 1000
	phones, err := carrier.Listen(carrier.Options{AnswerWithin: 3 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer phones.Close()
	d := serve(t, trunk(phones.Addr().String()))
	conf := d.conference(fields{"max_participants": 1000})
	ids := d.addMany(conf, calls, func(i int) fields {
		return fields{"phone_number": fmt.Sprintf("+1303%03d01%02d", 200+i/100, i%100)}
	})
	var wg sync.WaitGroup
	slots := make(chan struct{}, 32)
	for _, id := range ids {
		wg.Go(func() {
			timer := time.NewTimer(rand.N(3 * time.Second))
			defer timer.Stop()
			<-timer.C
			slots <- struct{}{}
			defer func() { <-slots }()
			code, err := d.try(context.Background(), "DELETE", "/v2/conferences/"+conf+"/participants/"+id, nil, nil)
			if err != nil && code != http.StatusConflict {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	until(t, "every phone is on the hook", 10*time.Second, func() bool { return phones.Up() == 0 })
	crossed, canceled, up := 0, 0, 0
	for _, r := range phones.Calls() {
		switch {
		case r.AnsweredAt.IsZero():
			canceled++
			continue
		case r.Cancels > 0:
			crossed++
		default:
			up++
		}
		if r.ACKs == 0 || r.BYEs != 1 {
			t.Errorf("%s answered: %d ACKs, %d BYEs, ended by %q", r.Number, r.ACKs, r.BYEs, r.End)
		}
	}
	t.Logf("%d canceled while ringing, %d of our CANCELs crossed an answer, %d hung up after it", canceled, crossed, up)
	for _, p := range d.people(conf) {
		if !p.ended() || (p.Reason != "canceled" && p.Reason != "kicked") {
			t.Errorf("participant %s is %s: %s", p.ID, p.Status, p.Reason)
		}
	}
}

// addMany adds people with one request and returns their ids in order.
func (d *daemon) addMany(conf string, n int, body func(int) fields) []string {
	d.t.Helper()
	items := make([]fields, n)
	for i := range items {
		items[i] = body(i)
	}
	var reply struct {
		Results []struct {
			ParticipantID string `json:"participant_id"`
			Success       bool   `json:"success"`
		} `json:"results"`
	}
	d.call("POST", "/v2/conferences/"+conf+"/participants/bulk", fields{"participants": items}, &reply)
	ids := make([]string, n)
	for i, r := range reply.Results {
		if !r.Success {
			d.t.Fatalf("item %d was not added", i)
		}
		ids[i] = r.ParticipantID
	}
	return ids
}
