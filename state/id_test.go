package state

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestIDsRiseWhateverTheClockDoes(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	var s idSource
	last := ""
	for i, jump := range []time.Duration{0, 0, time.Nanosecond, time.Millisecond, -time.Hour, -time.Hour, time.Hour,
		87600 * time.Hour, -87600 * time.Hour, -100 * 365 * 24 * time.Hour, 0} {
		now = now.Add(jump)
		for range 1000 {
			id := s.next(now)
			if id <= last || !ValidID("", id) {
				t.Fatalf("step %d: %s after %s", i, id, last)
			}
			last = id
		}
	}
}

// When the 80 bits of a millisecond are used up the next one is borrowed.
func TestIDsCarryOver(t *testing.T) {
	for _, s := range []*idSource{
		{ms: 5, hi: 7, lo: math.MaxUint64},
		{ms: 5, hi: math.MaxUint16, lo: math.MaxUint64},
	} {
		before := encodeULID(s.ms, s.hi, s.lo)
		if after := s.next(time.UnixMilli(5)); after <= before {
			t.Errorf("%s after %s", after, before)
		}
	}
}

// The example of the ULID specification: 1469918176385 is 01ARYZ6S41.
func TestULIDEncoding(t *testing.T) {
	for _, test := range []struct {
		ms   uint64
		hi   uint16
		lo   uint64
		want string
	}{
		{1469918176385, 0, 0, "01aryz6s41" + strings.Repeat("0", 16)},
		{0, 0, 1, strings.Repeat("0", 25) + "1"},
		{0, 1, 0, strings.Repeat("0", 12) + "0g" + strings.Repeat("0", 12)}, // bit 64 is bit 4 of the 13th letter from the right
		{1<<48 - 1, math.MaxUint16, math.MaxUint64, "7" + strings.Repeat("z", 25)},
	} {
		if got := encodeULID(test.ms, test.hi, test.lo); got != test.want {
			t.Errorf("%d %d %d: %s, want %s", test.ms, test.hi, test.lo, got, test.want)
		}
	}
}

func TestNewIDIsUniqueAndRising(t *testing.T) {
	const workers, each = 8, 2000
	lists := make([][]string, workers)
	var wg sync.WaitGroup
	for w := range lists {
		wg.Go(func() {
			for range each {
				lists[w] = append(lists[w], NewID(ParticipantID))
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for _, list := range lists {
		for i, id := range list {
			if seen[id] || !ValidID(ParticipantID, id) || i > 0 && id <= list[i-1] {
				t.Fatalf("%s: seen before, malformed or not after the one before", id)
			}
			seen[id] = true
		}
	}
}

func TestValidID(t *testing.T) {
	const good = "01aryz6s41tsv4rrffq69g5fav"
	if !ValidID("conf_", "conf_"+good) {
		t.Error("a good id is refused")
	}
	for _, id := range []string{"", "conf_", good, "part_" + good, "conf_" + good + "0", "conf_" + good[1:],
		"conf_" + strings.ToUpper(good), "conf_8" + good[1:], "conf_" + good[:25] + "u", "conf_" + good[:25] + "i",
		"conf_" + good[:24] + "é", "conf_" + good[:25] + "/", "conf_" + good[:25] + "\x00", "CONF_" + good} {
		if ValidID("conf_", id) {
			t.Errorf("%q passes", id)
		}
	}
}

func ExampleNewID() {
	first, second := NewID(ConferenceID), NewID(ConferenceID)
	fmt.Println(ValidID(ConferenceID, first), first < second)
	// Output: true true
}
