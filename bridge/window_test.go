package bridge

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// In any second, wherever it begins, no more than the limit is let through;
// and whoever waits as told is let through.
func TestWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := window{most: rapid.IntRange(1, 12).Draw(t, "most")}
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		var let []time.Time
		for range 200 {
			now = now.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "ms")) * time.Millisecond)
			wait := w.take(now)
			if wait > 0 {
				if wait > time.Second {
					t.Fatalf("told to wait %v", wait)
				}
				now = now.Add(wait)
				if again := w.take(now); again != 0 {
					t.Fatalf("waited %v as told, then told to wait %v", wait, again)
				}
			}
			let = append(let, now)
		}
		for i := w.most; i < len(let); i++ {
			if within := let[i].Sub(let[i-w.most]); within < time.Second {
				t.Fatalf("%d within %v", w.most+1, within)
			}
		}
	})
}
