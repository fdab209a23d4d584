package bridge

import "partyline/media"

// noMusic is the hold_music_id of silence; "" and "default" are the built-in music.
const noMusic = "none"

// music is what this conference plays to who is on hold, waits, or is alone;
// nil is silence. An uploaded sound that cannot be had gives way to the
// built-in one.
func (o *owner) music() *media.Play {
	switch id := o.conf.HoldMusicID; id {
	case noMusic:
		return nil
	case "", "default":
	default:
		if c := o.soundPiece(id); c != nil {
			return o.b.sounds.loop(c)
		}
	}
	return o.b.sounds.music()
}

// piece is the uploaded music of a conference. It stays in the conference's
// hands, so that who hears it goes on hearing it, however many other sounds
// are asked for elsewhere.
type piece struct {
	id   string
	clip *media.Clip
}

func (o *owner) soundPiece(id string) *media.Clip {
	if o.piece.id != id || !o.b.knowsSound(o.conf.TenantID, id) {
		o.piece = piece{id: id}
	}
	if o.piece.clip == nil {
		o.piece.clip = o.soundClip(id)
	}
	return o.piece.clip
}

// loop is the one playing of a clip that all who hear it share.
func (s *sounds) loop(c *media.Clip) *media.Play {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.loops[c]; p != nil {
		return p
	}
	if s.loops == nil || len(s.loops) >= maxLoops {
		s.loops = map[*media.Clip]*media.Play{} // who hears an older one starts anew at worst
	}
	p := &media.Play{Clip: c, Loop: true}
	s.loops[c] = p
	return p
}

// maxLoops is how many uploaded pieces are remembered as playing.
const maxLoops = 256
