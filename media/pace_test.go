package media

import "testing"

// line is a socket whose packets the test counts: how many come before each
// tick.
func (p *pace) follow(t *testing.T, arrivals []int, repeat int) (looks, waited int) {
	t.Helper()
	queue := 0
	for i := range len(arrivals) * repeat {
		queue += arrivals[i%len(arrivals)]
		most := p.most(int64(i + 1))
		n := min(most, queue)
		queue -= n
		dry := n < most
		looks += n
		if dry {
			looks++
		}
		p.took(n, dry)
		waited = max(waited, queue)
	}
	if queue > 0 {
		t.Errorf("%d packets are never read", queue)
	}
	return looks, waited
}

// However a far end sends, all its packets are read, none waits longer than
// the next tick but after a burst, and few looks find nothing.
func TestLooksForPackets(t *testing.T) {
	tests := []struct {
		name     string
		arrivals []int // packets before each tick
		looks    int   // at most, of 800 ticks
		waited   int   // packets left for the next tick
	}{
		{"20 ms", []int{1}, 910, 0},
		{"10 ms", []int{2}, 1750, 1},
		{"30 ms", []int{1, 1, 0}, 1150, 0},
		{"40 ms", []int{1, 0}, 1250, 0},
		{"60 ms", []int{1, 0, 0}, 1300, 0},
		{"one in fifty lost", append(ones(49), 0), 930, 0},
		{"late by a tick now and then", append(ones(20), 0, 2), 1000, 0},
		{"a clock too fast", append(ones(39), 2), 1000, 1},
		{"silent", []int{0}, 2500, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var p pace
			looks, waited := p.follow(t, test.arrivals, 800/len(test.arrivals))
			if looks > test.looks || waited > test.waited {
				t.Errorf("%d looks and %d packets left waiting, want at most %d and %d", looks, waited, test.looks, test.waited)
			}
		})
	}
}

func ones(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = 1
	}
	return all
}
