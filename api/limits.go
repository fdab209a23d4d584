package api

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// buckets are token buckets by name (a key's id, an address), at most so many
// of them: memory stays bounded whoever knocks.
type buckets struct {
	perSecond rate.Limit
	burst     int
	most      int

	mu sync.Mutex
	m  map[string]*rate.Limiter
}

func newBuckets(perSecond float64, burst, most int) *buckets {
	return &buckets{perSecond: rate.Limit(perSecond), burst: burst, most: most, m: make(map[string]*rate.Limiter)}
}

// take takes one token; when there is none it says how long to wait for it.
func (b *buckets) take(name string, now time.Time) (ok bool, left int, wait time.Duration) {
	l := b.find(name, now)
	ok = l.AllowN(now, 1)
	tokens := l.TokensAt(now)
	if !ok {
		return false, 0, b.waitFor(tokens)
	}
	return true, int(math.Floor(tokens)), 0
}

// empty tells whether a name has used up its tokens, without taking one.
func (b *buckets) empty(name string, now time.Time) (bool, time.Duration) {
	b.mu.Lock()
	l, ok := b.m[name]
	b.mu.Unlock()
	if !ok {
		return false, 0
	}
	if tokens := l.TokensAt(now); tokens < 1 {
		return true, b.waitFor(tokens)
	}
	return false, 0
}

func (b *buckets) waitFor(tokens float64) time.Duration {
	return time.Duration((1 - tokens) / float64(b.perSecond) * float64(time.Second))
}

func (b *buckets) find(name string, now time.Time) *rate.Limiter {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l, ok := b.m[name]; ok {
		return l
	}
	if len(b.m) >= b.most {
		b.makeRoom(now)
	}
	l := rate.NewLimiter(b.perSecond, b.burst)
	b.m[name] = l
	return l
}

// makeRoom forgets the full buckets, which know nothing, and if all know
// something, any one. Under mu.
func (b *buckets) makeRoom(now time.Time) {
	for name, l := range b.m {
		if l.TokensAt(now) >= float64(b.burst) {
			delete(b.m, name)
		}
	}
	for name := range b.m {
		if len(b.m) < b.most {
			return
		}
		delete(b.m, name)
	}
}

// gate counts what is in use at the same time, by name and in all.
type gate struct {
	each, all int

	mu    sync.Mutex
	total int
	by    map[string]int
}

func newGate(each, all int) *gate {
	return &gate{each: each, all: all, by: make(map[string]int)}
}

func (g *gate) enter(name string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.total >= g.all || g.by[name] >= g.each {
		return false
	}
	g.total++
	g.by[name]++
	return true
}

func (g *gate) leave(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.total--
	if g.by[name]--; g.by[name] == 0 {
		delete(g.by, name)
	}
}
