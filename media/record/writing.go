package record

import (
	"os"

	"partyline/media"
)

// flushTicks is how often files are made whole: every 300 ms. With the time a
// tap takes, what is heard is in a file within 0.6 s.
const flushTicks = 15

// tracksMost bounds the files of one recording: as many as a conference may
// have participants, and fewer than there may be open files.
const tracksMost = 1000

// writing is a recording's files while they grow. It belongs to the
// recording's goroutine.
type writing struct {
	take   *Take
	folder *os.Root
	create create
	free   func() error // ErrFull when there is no more space to use
	spec   Spec
	mixing *mixdown
	mix    *wave
	tracks map[string]*track
	order  []*wave // all files, the mix first
	ticks  int64   // on record
	behind int     // ticks since the last flush
}

// start makes the first file, before anything is heard.
func (w *writing) start() error {
	m := manifest{Version: 1, Format: w.spec.Format, Rate: w.spec.Rate, Stereo: w.spec.Stereo}
	if err := writeJSON(w.folder, manifestName, m); err != nil {
		return err
	}
	w.mixing = newMixdown(w.spec.Rate, w.spec.Stereo)
	w.tracks = make(map[string]*track)
	var err error
	w.mix, err = w.file(mixName, m.shapeOf(mixName))
	return err
}

// file begins a file that is as long as all others.
func (w *writing) file(name string, s shape) (*wave, error) {
	name += ".wav"
	f, err := w.create(w.folder, name)
	if err != nil {
		return nil, err
	}
	made, err := newWave(f, name, s, w.ticks*int64(s.rate/50)*s.frame())
	w.order = append(w.order, made) // also to be sealed when it has failed
	w.take.opened(made)
	return made, err
}

// run writes what comes until it ends, or cannot be written.
func (w *writing) run() error {
	for {
		m, ok := w.take.from.Next()
		if !ok {
			return w.flush()
		}
		var err error
		if pausing, fresh := w.add(&m); fresh != nil {
			err = fresh
		} else if w.behind >= flushTicks || pausing && w.behind > 0 {
			err = w.flush()
		}
		if err != nil {
			return err
		}
	}
}

// add takes in one tick, and tells whether it is in a pause.
func (w *writing) add(m *media.Moment) (paused bool, err error) {
	t := w.take
	t.mu.Lock()
	if t.paused(m.Tick) {
		t.mu.Unlock()
		return true, nil
	}
	pcm, sounds := w.mixing.frame(m, t.left)
	var fresh []string // who is heard for the first time
	for _, v := range m.Voices {
		id := t.owners[v.Leg].ParticipantID
		if t.tracks && id != "" && w.tracks[id] == nil && len(w.tracks)+len(fresh) < tracksMost && idPattern.MatchString(id) {
			fresh = append(fresh, id)
		}
	}
	if len(fresh) > 0 {
		t.mu.Unlock()
		for _, id := range fresh {
			if err := w.track(id); err != nil {
				return false, err
			}
		}
		t.mu.Lock()
	}
	for _, v := range m.Voices {
		if track := w.tracks[t.owners[v.Leg].ParticipantID]; track != nil {
			track.sum.add(v, 1)
		}
	}
	t.mu.Unlock()
	if sounds {
		w.mix.put(pcm)
	} else {
		w.mix.skip(w.spec.Rate / 50)
	}
	for _, track := range w.tracks {
		track.frame()
	}
	w.ticks++
	w.behind++
	return false, nil
}

// track begins a participant's file.
func (w *writing) track(id string) error {
	if w.tracks[id] != nil {
		return nil // twice on its first tick
	}
	made, err := w.file(trackName(id), shape{w.spec.Rate, 1})
	if err != nil {
		return err
	}
	w.tracks[id] = &track{wave: made, blend: newBlend(w.spec.Rate)}
	return nil
}

// flush makes all files whole up to here.
func (w *writing) flush() error {
	w.behind = 0
	if err := w.take.trouble(); err != nil {
		return err
	}
	for _, f := range w.order {
		if err := f.flush(); err != nil {
			return err
		}
	}
	return w.free()
}

// seal ends all files at the same moment: the last that any of them has.
func (w *writing) seal() (err error) {
	t := w.take
	t.mu.Lock()
	t.open = nil
	t.mu.Unlock()
	var samples int64
	for _, f := range w.order {
		samples = max(samples, f.size/f.frame())
	}
	for _, f := range w.order {
		if e := f.seal(samples * f.frame()); e != nil && err == nil {
			err = e
		}
	}
	return err
}
