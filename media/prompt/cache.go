package prompt

import (
	"container/list"
	"fmt"
	"strings"
	"sync"

	"partyline/media"
)

// Bounds of what a library remembers of what it said. 16 MB are five and a
// half minutes at both rates.
const (
	mostSaid  = 256
	saidBytes = 16 << 20
)

// cache remembers what was said last. The zero value is empty.
type cache struct {
	mu    sync.Mutex
	byKey map[string]*list.Element // of *sentence
	order list.List                // newest use first
	bytes int
}

// sentence is what parts became.
type sentence struct {
	key   string
	parts []Part // kept so that no other clip gets the address in the key
	clip  func() *media.Clip
	bytes int // counted in the cache; 0 until it is made
}

// key tells parts apart. Somebody's own sound goes by its identity: clips are
// never modified.
func key(lang string, parts []Part) string {
	var b strings.Builder
	b.WriteString(lang)
	for _, p := range parts {
		fmt.Fprintf(&b, "|%q%q%p%d", p.Name, p.Digits, p.Clip, p.Rest)
	}
	return b.String()
}

// get gives the clip of a key, and makes it if need be: once, however many
// ask for it at the same time, and without holding up those who ask for
// another.
func (c *cache) get(key string, parts []Part, build func() *media.Clip) *media.Clip {
	c.mu.Lock()
	at, ok := c.byKey[key]
	if ok {
		c.order.MoveToFront(at)
	} else {
		if c.byKey == nil {
			c.byKey = make(map[string]*list.Element)
		}
		at = c.order.PushFront(&sentence{key: key, parts: append([]Part(nil), parts...), clip: sync.OnceValue(build)})
		c.byKey[key] = at
	}
	s := at.Value.(*sentence)
	c.mu.Unlock()

	clip := s.clip()
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.bytes == 0 && c.byKey[key] == at {
		s.bytes = 2 * (len(clip.PCM) + len(clip.Wide))
		c.bytes += s.bytes
	}
	for c.order.Len() > 1 && (c.order.Len() > mostSaid || c.bytes > saidBytes) {
		oldest := c.order.Remove(c.order.Back()).(*sentence)
		c.bytes -= oldest.bytes
		delete(c.byKey, oldest.key)
	}
	return clip
}
