package media

import (
	"testing"

	"pgregory.net/rapid"
)

// What the queue does not drop comes out in order, and what is being looked
// at stays as it is.
func TestQueueKeepsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := newQueue[int64](rapid.IntRange(1, 100).Draw(t, "room"))
		var wrote, read int64
		var want []int64
		dropped := uint64(0)
		t.Repeat(map[string]func(*rapid.T){
			"write": func(t *rapid.T) {
				for range rapid.IntRange(1, 60).Draw(t, "n") {
					wrote++
					if v := q.slot(); v != nil {
						*v = wrote
						q.put()
						want = append(want, wrote)
					} else {
						dropped++
					}
				}
			},
			"read": func(t *rapid.T) {
				q.reuse()
				type seen struct {
					at    *int64
					value int64
				}
				var looked []seen
				for range rapid.IntRange(1, 60).Draw(t, "n") {
					v := q.peek()
					if v == nil {
						if len(want) != 0 {
							t.Fatalf("empty, and %d are in it", len(want))
						}
						break
					}
					if *v != want[0] {
						t.Fatalf("%d after %d, want %d", *v, read, want[0])
					}
					read, want = *v, want[1:]
					looked = append(looked, seen{v, *v})
					q.skip()
				}
				for range 200 { // the writer goes on while they are looked at
					if v := q.slot(); v != nil {
						wrote++
						*v = wrote
						q.put()
						want = append(want, wrote)
					} else {
						dropped++
						break
					}
				}
				for _, s := range looked {
					if *s.at != s.value {
						t.Fatalf("%d became %d", s.value, *s.at)
					}
				}
			},
			"keep up": func(t *rapid.T) { q.keepUp(int64(rapid.IntRange(1, 50).Draw(t, "ticks"))) },
		})
		if got := q.lost(); got != dropped {
			t.Fatalf("%d counted as dropped, want %d", got, dropped)
		}
	})
}

// Two goroutines, for the race detector.
func TestQueueBetweenGoroutines(t *testing.T) {
	q := newQueue[int](1000)
	const n = 100_000
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 1; i <= n; i++ {
			if v := q.slot(); v != nil {
				*v = i
				q.put()
			}
		}
	}()
	last, got := 0, 0
	read := func() {
		q.reuse()
		for v := q.peek(); v != nil; v = q.peek() {
			if *v <= last {
				t.Errorf("%d after %d", *v, last)
			}
			last = *v
			got++
			q.skip()
		}
		q.keepUp(1)
	}
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		default:
		}
		read()
	}
	if got+int(q.lost()) != n {
		t.Errorf("%d read and %d dropped of %d", got, q.lost(), n)
	}
}
