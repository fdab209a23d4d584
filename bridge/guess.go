package bridge

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// How often PINs may be guessed by calling in. With 8 digits and a thousand
// PINs in a conference, a hundred guesses a day hit with a chance of 0.1 %.
const (
	guessesPerCall       = 3
	guessesPerCaller     = 10 // wrong, in any callerWindow
	guessesPerConference = 100
	callerWindow         = time.Hour
	conferenceWindow     = 24 * time.Hour
)

// Keys of what is remembered. None of them shows a number: it is sealed with
// the key of the PINs.
const (
	ofCaller  = "caller-"
	ofNumber  = "number-" // a called number that belongs to no conference
	anonymous = ofCaller + "anonymous"
)

// sealNumber is a number that only this installation can recognise.
func (b *Bridge) sealNumber(what, number string) string {
	mac := hmac.New(sha256.New, b.cfg.PINKey)
	mac.Write([]byte(what + number))
	return what + hex.EncodeToString(mac.Sum(nil)[:16])
}

// callerKey is the bucket of a caller. All who hide their number share one.
func (b *Bridge) callerKey(number string) string {
	if number == "" {
		return anonymous
	}
	return b.sealNumber(ofCaller, number)
}

// guessWindow is how long a wrong guess counts against a key.
func guessWindow(key string) time.Duration {
	if strings.HasPrefix(key, ofCaller) {
		return callerWindow
	}
	return conferenceWindow
}

// guess is one PIN that is about to be compared: it counts as wrong from
// before the comparison on, so that a thousand callers at once get no further
// than one after another.
type guess struct {
	caller, place string
	at            time.Time
	counted       bool // against the place, too
}

// reserve lets a guess be compared, or not. A known caller is not held up by
// what strangers have guessed at the same conference.
func (g *guessBook) reserve(caller, place string, known bool, now time.Time) (guess, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forget(caller, now)
	g.forget(place, now)
	full := len(g.wrong[place]) >= guessesPerConference
	if len(g.wrong[caller]) >= guessesPerCaller || full && !known {
		g.refused.Add(1)
		return guess{}, false
	}
	at := guess{caller: caller, place: place, at: now.UTC(), counted: !full}
	g.wrong[caller] = append(g.wrong[caller], at.at)
	if at.counted {
		g.wrong[place] = append(g.wrong[place], at.at)
	}
	return at, true
}

// right takes a guess back that was none.
func (g *guessBook) right(at guess) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.remove(at.caller, at.at)
	if at.counted {
		g.remove(at.place, at.at)
	}
}

// remove is called with the lock held.
func (g *guessBook) remove(key string, at time.Time) {
	times := g.wrong[key]
	for i := len(times) - 1; i >= 0; i-- {
		if times[i].Equal(at) {
			times = append(times[:i:i], times[i+1:]...)
			break
		}
	}
	if g.wrong[key] = times; len(times) == 0 {
		delete(g.wrong, key)
	}
}

// forget drops the guesses that no longer count. It is called with the lock held.
func (g *guessBook) forget(key string, now time.Time) {
	times, window := g.wrong[key], guessWindow(key)
	old := 0
	for old < len(times) && now.Sub(times[old]) >= window {
		old++
	}
	if old == 0 {
		return
	}
	if g.wrong[key] = times[old:]; old == len(times) {
		delete(g.wrong, key)
	}
}
