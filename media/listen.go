package media

// attend to what a leg says before it goes anywhere: keys are taken out of the
// sound, speech is noticed, and a voice is levelled. What pcm is afterwards is
// what is mixed, subtracted and recorded.
func (s *stream) heed(w *worker, pcm []int16) {
	if s.keys.Active() { // the phone sends the key as an event, and perhaps as a tone too
		clear(pcm)
	} else {
		s.tones(w, pcm)
	}
	if s.talk.hear(power(pcm)) {
		s.told(w)
	}
	if s.audio.Level {
		s.level.apply(pcm, &s.talk)
	}
}

// tones takes keys out of the sound. A far end that sends keys as events has
// told of them already.
func (s *stream) tones(w *worker, pcm []int16) {
	tone, pressed := s.dual.Hear(pcm, rateOf(s.far.codec) == wide)
	if tone {
		clear(pcm)
	}
	if pressed != 0 && !s.far.events {
		s.counts.digits++
		w.emit(s.leg, Event{Kind: EventDigit, Digit: pressed, Tone: true})
	}
}

// told tells of speech that has begun or ended.
func (s *stream) told(w *worker) {
	kind := EventSilent
	if s.talk.on {
		kind = EventSpeaking
	}
	w.emit(s.leg, Event{Kind: kind})
}

// hushTalk ends the speech of a leg that is no longer listened to.
func (s *stream) hushTalk(w *worker) {
	if s.mouth == nil {
		return
	}
	if s.talk.stop() {
		w.emit(s.leg, Event{Kind: EventSilent})
	}
}
