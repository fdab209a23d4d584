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
		if c := o.soundClip(id); c != nil {
			return o.b.sounds.loop(c)
		}
	}
	return o.b.sounds.music()
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
