package bridge

import (
	"sync"

	"partyline/media"
)

// maxClips is how many uploaded sounds are kept in memory, at most. Ten
// minutes take 29 MB; most are a few seconds.
const maxClips = 64

// loaders is how many sounds are read from the disk at once.
const loaders = 2

// soundIndex knows which tenant has which sound, and keeps the clips that are
// in use. Reading one from the disk is done beside the conferences: what is
// asked for and is not there yet comes with the next change.
type soundIndex struct {
	mu     sync.Mutex
	known  map[string]map[string]bool // by tenant and id; false: being uploaded
	clips  map[string]*media.Clip     // by id; nil: being loaded
	order  []string                   // of clips, oldest first
	closed bool
	wait   sync.WaitGroup
	turns  chan struct{} // holds one for each that is being loaded
}

func newSoundIndex() *soundIndex {
	return &soundIndex{known: map[string]map[string]bool{}, clips: map[string]*media.Clip{}, turns: make(chan struct{}, loaders)}
}

func (x *soundIndex) has(tenant, id string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.known[tenant][id]
}

// reserve takes a place for a sound that is on its way; false: there is none.
func (x *soundIndex) reserve(tenant, id string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.known[tenant] == nil {
		x.known[tenant] = map[string]bool{}
	}
	if len(x.known[tenant]) >= maxSounds {
		return false
	}
	x.known[tenant][id] = false
	return true
}

func (x *soundIndex) enter(tenant, id string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.known[tenant] == nil {
		x.known[tenant] = map[string]bool{}
	}
	x.known[tenant][id] = true
}

// strike forgets a sound.
func (x *soundIndex) strike(tenant, id string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.known[tenant], id)
	delete(x.clips, id)
}

// clip is a sound in memory, nil when it is not there. Then load is run, once,
// in a goroutine of the index's, and ready called when it has succeeded.
func (x *soundIndex) clip(id string, load func() (*media.Clip, error), ready func()) *media.Clip {
	x.mu.Lock()
	defer x.mu.Unlock()
	c, asked := x.clips[id]
	if asked || x.closed {
		return c
	}
	if len(x.order) >= maxClips {
		delete(x.clips, x.order[0])
		x.order = x.order[1:]
	}
	x.clips[id] = nil
	x.order = append(x.order, id)
	x.wait.Go(func() {
		x.turns <- struct{}{}
		defer func() { <-x.turns }()
		x.mu.Lock()
		_, wanted := x.clips[id]
		wanted = wanted && !x.closed
		x.mu.Unlock()
		if !wanted {
			return
		}
		c, err := load()
		x.mu.Lock()
		if _, still := x.clips[id]; still && err == nil {
			x.clips[id] = c
		}
		x.mu.Unlock()
		if err == nil {
			ready()
		}
	})
	return nil
}

// put keeps a clip that was read meanwhile.
func (x *soundIndex) put(id string, c *media.Clip) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, asked := x.clips[id]; !asked {
		if len(x.order) >= maxClips {
			delete(x.clips, x.order[0])
			x.order = x.order[1:]
		}
		x.order = append(x.order, id)
	}
	x.clips[id] = c
}

// fetch has a sound be in memory that somebody wants to hear now. It reads the
// disk and is for a caller's goroutine.
func (b *Bridge) fetch(tenant, id string) {
	if b.cfg.Shelf == nil || !b.knowsSound(tenant, id) {
		return
	}
	b.sounds.shelf.mu.Lock()
	there := b.sounds.shelf.clips[id] != nil
	b.sounds.shelf.mu.Unlock()
	if there {
		return
	}
	c, err := b.cfg.Shelf.Clip(id)
	if err != nil {
		b.cfg.Log.Warn("a sound could not be read", "sound", id, "error", err)
		return
	}
	b.sounds.shelf.put(id, c)
}

// close waits for what is being loaded.
func (x *soundIndex) close() {
	x.mu.Lock()
	x.closed = true
	x.mu.Unlock()
	x.wait.Wait()
}

// soundClip is an uploaded sound of this conference's tenant, nil when it
// cannot be had, or not yet: then the conference looks again when it is there.
func (o *owner) soundClip(id string) *media.Clip {
	shelf := o.b.cfg.Shelf
	if shelf == nil || !o.b.knowsSound(o.conf.TenantID, id) {
		return nil
	}
	return o.b.sounds.shelf.clip(id, func() (*media.Clip, error) {
		c, err := shelf.Clip(id)
		if err != nil {
			o.log.Warn("a sound could not be read; the default is played in its place", "sound", id, "error", err)
		}
		return c, err
	}, func() { o.post(func() {}) })
}
