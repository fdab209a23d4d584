package bridge

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"partyline/media/record"
	"partyline/state"
)

// brokenRecording is a recording that a crash has ended while people were
// there. It goes on as another when one of them has been reached again.
type brokenRecording struct {
	ID     string `json:"id"`
	Paused bool   `json:"paused,omitempty"` // what was to be left out stays left out
}

// salvageAll finishes what an earlier run of the program left of recordings.
func (o *owner) salvageAll() {
	for _, r := range o.recs {
		if r.over() {
			continue
		}
		if r.rec.StoppedAt == nil {
			at := now()
			r.rec.StoppedAt, r.rec.Interrupted = &at, true
			if o.conf.Status == state.ConferenceActive {
				o.conf.Broken = &brokenRecording{r.rec.ID, r.rec.Status == state.RecordingPaused}
				o.batch.conf = true
			}
		}
		r.rec.Status = state.RecordingFinished
		o.noteRecording(r)
		o.salvage(r.rec.ID)
	}
}

// reached tells whether somebody is connected whose call is not still being
// taken up again.
func (o *owner) reached() bool {
	return slices.ContainsFunc(o.roll, func(m *member) bool { return m.live() && !m.recovering })
}

// goOn begins a recording that is as the broken one was.
func (o *owner) goOn(b brokenRecording) {
	old := o.recordingBy(b.ID)
	var next *recording
	if old != nil {
		r := &old.rec
		next = o.unasked(RecordingSpec{Name: r.Name, Format: r.Format, Quality: r.Quality, Stereo: r.Stereo, Tracks: r.Tracks})
	}
	if next == nil { // deleted meanwhile, or it cannot be any more
		o.conf.Broken, o.batch.conf = nil, true
		return
	}
	next.rec.StartedBy, next.rec.Continues = old.rec.StartedBy, b.ID
	if b.Paused {
		next.rec.Status = state.RecordingPaused
	}
	o.beginRecording(nil, next)
}

// salvagers is how many recordings of an earlier run are worked on at once.
const salvagers = 2

// salvage works on one recording beside the conference.
func (o *owner) salvage(id string) {
	recorder := o.b.cfg.Recorder
	if recorder == nil {
		if r := o.recordingBy(id); r != nil {
			o.recordingFailed(r, "this server no longer records")
		}
		return
	}
	o.b.salvaging.Go(func() {
		select {
		case o.b.salvagers <- struct{}{}:
			defer func() { <-o.b.salvagers }()
		case <-o.b.halting:
			return // the next start goes on
		}
		res, err := recorder.Salvage(id)
		if err != nil {
			res.Err = err
		}
		if errors.Is(res.Err, record.ErrInterrupted) || errors.Is(res.Err, fs.ErrExist) {
			return // the next start goes on; or somebody else works on it still
		}
		o.post(func() { o.recorded(id, res) })
	})
}

// retentionLook is how often recordings are looked at that have been kept
// long enough.
const retentionLook = time.Hour

// forgetOld is the janitor of recordings: its goroutine belongs to the bridge.
func (b *Bridge) forgetOld() {
	look := time.NewTicker(retentionLook)
	defer look.Stop()
	for {
		b.forgetOldOnce()
		select {
		case <-look.C:
		case <-b.halting:
			return
		}
	}
}

// forgetOldOnce asks the owners of recordings that are too old to delete them:
// they alone write their conferences' records.
func (b *Bridge) forgetOldOnce() {
	ctx, cancel := context.WithTimeout(context.Background(), applyTimeout)
	defer cancel()
	all, err := state.LoadAll[state.Recording](ctx, b.cfg.Store, state.RecordingsPrefix)
	if err != nil {
		b.cfg.Log.Warn("recordings that are too old could not be looked for", "error", err)
		return
	}
	limit := time.Now().Add(-b.cfg.Retention)
	for _, r := range all {
		if r.Value.StoppedAt == nil || r.Value.StoppedAt.After(limit) {
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), applyTimeout)
		who := Caller{TenantID: r.Value.TenantID}
		err := b.reach(ctx, who, r.Value.ConferenceID, func(o *owner, q *request) error {
			if rec := o.recordingBy(r.Value.ID); rec != nil && rec.over() {
				return o.removeRecording(rec)
			}
			return nil
		})
		cancel()
		if isStopped(err) {
			return
		}
		if err != nil {
			b.cfg.Log.Warn("an old recording could not be deleted", "recording", r.Value.ID, "error", err)
		}
	}
}
