package bridge

import (
	"context"
	"errors"
	"time"

	"partyline/media/record"
	"partyline/state"
)

// salvageAll finishes what an earlier run of the program left of recordings.
// One that ran goes on as another, where people are still there.
func (o *owner) salvageAll() {
	for _, r := range o.recs {
		if r.over() {
			continue
		}
		if r.rec.StoppedAt == nil {
			at := now()
			r.rec.StoppedAt, r.rec.Interrupted = &at, true
			if o.conf.Status == state.ConferenceActive && r.rec.Status == state.RecordingRunning {
				o.goOn(r)
			}
		}
		r.rec.Status = state.RecordingFinished
		o.noteRecording(r)
		o.salvage(r.rec.ID)
	}
}

// goOn has the conference record again, as it did, once somebody is connected.
func (o *owner) goOn(r *recording) {
	c := &o.conf
	c.Record, o.batch.conf = true, true
	c.RecordFormat, c.RecordQuality, c.RecordStereo, c.RecordTracks = r.rec.Format, r.rec.Quality, r.rec.Stereo, r.rec.Tracks
	o.continues = r.rec.ID
}

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
		res, err := recorder.Salvage(id)
		if errors.Is(err, record.ErrInterrupted) || errors.Is(res.Err, record.ErrInterrupted) {
			return // the next start goes on
		}
		if err != nil {
			res.Err = err
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
		who := Caller{TenantID: r.Value.TenantID}
		err := b.reach(ctx, who, r.Value.ConferenceID, func(o *owner, q *request) error {
			if rec := o.recordingBy(r.Value.ID); rec != nil && rec.over() {
				return o.removeRecording(rec)
			}
			return nil
		})
		if err != nil && !isStopped(err) {
			b.cfg.Log.Warn("an old recording could not be deleted", "recording", r.Value.ID, "error", err)
		}
	}
}
