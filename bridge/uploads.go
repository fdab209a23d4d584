package bridge

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"

	"partyline/media/clips"
	"partyline/state"
)

// maxSounds is how many sounds a tenant keeps.
const maxSounds = 500

// AddSound takes in a sound: WAV, FLAC, Ogg or MP3. The file is read and
// brought to what the mixer plays before the record is written; nothing is
// left of one that fails.
func (b *Bridge) AddSound(ctx context.Context, who Caller, name string, r io.Reader) (s state.Sound, err error) {
	if err := b.drained(); err != nil {
		return s, err
	}
	if b.cfg.Shelf == nil {
		return s, refuse(Invalid, "not_supported", "", "no sounds can be kept on this server")
	}
	if strings.TrimSpace(name) == "" {
		return s, refuse(Invalid, "required", "name", "a sound needs a name")
	}
	if err := checkText("name", name, maxName); err != nil {
		return s, err
	}
	id := state.NewID(state.SoundID)
	if !b.sounds.shelf.reserve(who.TenantID, id) {
		return s, refuse(Conflict, "too_many_sounds", "", "%d sounds are kept: delete some first", maxSounds)
	}
	defer func() {
		if err != nil {
			b.sounds.shelf.strike(who.TenantID, id)
		}
	}()
	info, err := b.cfg.Shelf.Put(id, r)
	if errors.Is(err, clips.ErrBadSound) {
		return s, refuse(Invalid, "bad_sound", "", "%s", plainSound(err))
	}
	if err != nil {
		b.cfg.Log.Error("a sound could not be kept", "error", err)
		return s, errStorage()
	}
	s = state.Sound{
		ID: id, TenantID: who.TenantID, Name: name, DurationMS: info.Length.Milliseconds(),
		Bytes: info.Bytes, SHA256: info.SHA256, Source: info.Source, CreatedAt: now(),
	}
	var batch state.Batch
	batch.Create(state.SoundKey(s.TenantID, id), s)
	if _, err := batch.Apply(ctx, b.cfg.Store); err != nil {
		b.cfg.Log.Error("a sound could not be written down", "error", err)
		_ = b.cfg.Shelf.Remove(id)
		return s, errStorage()
	}
	b.sounds.shelf.enter(who.TenantID, id)
	return s, nil
}

// plainSound is what is wrong with a file, without the words of the package.
func plainSound(err error) string {
	return strings.TrimPrefix(err.Error(), clips.ErrBadSound.Error()+": ")
}

// Sounds lists a tenant's sounds in order of their upload, after a cursor.
func (b *Bridge) Sounds(ctx context.Context, who Caller, after string, limit int) (list []state.Sound, next string, err error) {
	if limit <= 0 || limit > 1000 {
		limit = 100
	}
	from := ""
	if after != "" {
		from = state.SoundKey(who.TenantID, after)
	}
	page, err := state.LoadPage[state.Sound](ctx, b.cfg.Store, state.SoundPrefix(who.TenantID), from, limit+1)
	if err != nil {
		return nil, "", err
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].Value.ID
	}
	list = make([]state.Sound, len(page))
	for i, r := range page {
		list[i] = r.Value
	}
	return list, next, nil
}

// Sound reads one.
func (b *Bridge) Sound(ctx context.Context, who Caller, id string) (s state.Sound, err error) {
	if !state.ValidID(state.SoundID, id) {
		return s, errNoSound()
	}
	r, err := state.Load[state.Sound](ctx, b.cfg.Store, state.SoundKey(who.TenantID, id))
	if errors.Is(err, state.ErrNotFound) {
		return s, errNoSound()
	}
	return r.Value, err
}

// SoundFile opens a sound as a WAV file.
func (b *Bridge) SoundFile(ctx context.Context, who Caller, id string) (io.ReadSeekCloser, error) {
	if _, err := b.Sound(ctx, who, id); err != nil {
		return nil, err
	}
	if b.cfg.Shelf == nil {
		return nil, errNoSound()
	}
	f, err := b.cfg.Shelf.File(id)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoSound()
	}
	return f, err
}

// RemoveSound deletes a sound. What it was played in falls back to the
// default with the next change there.
func (b *Bridge) RemoveSound(ctx context.Context, who Caller, id string) error {
	if _, err := b.Sound(ctx, who, id); err != nil {
		return err
	}
	b.sounds.shelf.strike(who.TenantID, id)
	if _, err := b.cfg.Store.Apply(ctx, state.RemoveOp(state.SoundKey(who.TenantID, id))); err != nil {
		b.sounds.shelf.enter(who.TenantID, id)
		return errStorage()
	}
	if b.cfg.Shelf != nil {
		if err := b.cfg.Shelf.Remove(id); err != nil { // the record is gone: nobody finds it any more
			b.cfg.Log.Error("a sound's file could not be deleted", "sound", id, "error", err)
		}
	}
	return nil
}

func errNoSound() *Error { return refuse(NotFound, "not_found", "", "there is no such sound") }

// knowsSound tells whether a tenant has a sound.
func (b *Bridge) knowsSound(tenant, id string) bool { return b.sounds.shelf.has(tenant, id) }

// preload has the sounds that this conference names be there when they are needed.
func (o *owner) preload() {
	ids := []string{o.conf.HoldMusicID, o.conf.NameSoundID, o.conf.HostSoundID, o.conf.Accept.SoundID}
	for _, m := range o.roll {
		ids = append(ids, m.rec.NameSoundID, m.rec.Accept.SoundID)
	}
	o.want(ids...)
}

// want has sounds be loaded that will be played soon.
func (o *owner) want(ids ...string) {
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		if strings.HasPrefix(id, state.SoundID) {
			o.soundClip(id)
		}
	}
}
