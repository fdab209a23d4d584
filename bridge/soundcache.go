package bridge

import (
	"slices"
	"sync"
	"time"

	"partyline/media"
)

// maxClips is how many uploaded sounds are kept in memory, at most. Ten
// minutes take 29 MB; most are a few seconds.
const maxClips = 64

// loadAgain is how long a sound is not asked for that could not be read.
const loadAgain = time.Minute

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
	failed map[string]time.Time       // by id of clips: when it could not be read
	closed bool
	wait   sync.WaitGroup
	turns  chan struct{} // holds one for each that is being loaded
}

func newSoundIndex() *soundIndex {
	return &soundIndex{known: map[string]map[string]bool{}, clips: map[string]*media.Clip{}, failed: map[string]time.Time{}, turns: make(chan struct{}, loaders)}
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
	x.drop(id)
}

// clip is a sound in memory, nil when it is not there. Then load is run, once,
// in a goroutine of the index's, and ready called when it has succeeded. One
// that failed is tried again after a while, when it is asked for.
func (x *soundIndex) clip(id string, load func() (*media.Clip, error), ready func()) *media.Clip {
	x.mu.Lock()
	defer x.mu.Unlock()
	c, asked := x.clips[id]
	failed, bad := x.failed[id]
	if x.closed || asked && (!bad || time.Since(failed) < loadAgain) {
		return c
	}
	delete(x.failed, id)
	x.keep(id, nil)
	x.wait.Go(func() {
		x.turns <- struct{}{}
		defer func() { <-x.turns }()
		if !x.wanted(id) {
			return
		}
		c, err := load()
		x.loaded(id, c, err)
		if err == nil {
			ready()
		}
	})
	return nil
}

// wanted tells whether a clip is still to be loaded.
func (x *soundIndex) wanted(id string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	_, asked := x.clips[id]
	return asked && !x.closed
}

func (x *soundIndex) loaded(id string, c *media.Clip, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch _, asked := x.clips[id]; {
	case !asked: // deleted meanwhile, or others took its place
	case err != nil:
		x.failed[id] = time.Now()
	default:
		x.clips[id] = c
	}
}

// put keeps a clip that was read meanwhile.
func (x *soundIndex) put(id string, c *media.Clip) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.failed, id)
	x.keep(id, c)
}

// keep makes room for a clip; mu is held.
func (x *soundIndex) keep(id string, c *media.Clip) {
	if _, there := x.clips[id]; !there {
		if len(x.order) >= maxClips {
			x.drop(x.order[0])
		}
		x.order = append(x.order, id)
	}
	x.clips[id] = c
}

// drop forgets a clip; mu is held.
func (x *soundIndex) drop(id string) {
	delete(x.clips, id)
	delete(x.failed, id)
	x.order = slices.DeleteFunc(x.order, func(o string) bool { return o == id })
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
