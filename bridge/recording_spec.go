package bridge

import (
	"slices"

	"partyline/state"
)

const (
	qualityStandard = "standard"
	qualityHigh     = "high"
	byAuto          = "auto"
)

// recordingOf turns a request into a recording, or refuses it.
func (o *owner) recordingOf(s RecordingSpec) (*recording, *Error) {
	if err := o.b.checkRecording(&s); err != nil {
		return nil, err
	}
	switch {
	case o.conf.Status == state.ConferenceEnded || o.conf.Status == state.ConferenceEnding:
		return nil, errEnded()
	case o.running() != nil:
		return nil, refuse(Conflict, "already_recording", "", "a recording is running: stop it first")
	case o.connected() == 0:
		return nil, refuse(Conflict, "nobody_connected", "", "nobody is in the conference yet: there is nothing to record")
	case len(o.recs) >= maxRecordings:
		return nil, refuse(Conflict, "too_many_recordings", "", "the conference has %d recordings and keeps no more", maxRecordings)
	}
	return o.newRecording(s), nil
}

func (o *owner) newRecording(s RecordingSpec) *recording {
	return &recording{rec: state.Recording{
		ID: state.NewID(state.RecordingID), ConferenceID: o.id, TenantID: o.conf.TenantID,
		Name: s.Name, Format: s.Format, Quality: s.Quality, Stereo: s.Stereo, Tracks: s.Tracks,
		Status: state.RecordingRunning, StartedAt: now(),
	}}
}

// checkRecording completes a request and holds it against what can be done.
func (b *Bridge) checkRecording(s *RecordingSpec) *Error {
	if b.cfg.Recorder == nil {
		return refuse(Invalid, "not_supported", "", "nothing can be recorded on this server")
	}
	if s.Format == "" {
		s.Format = "wav"
	}
	if s.Quality == "" {
		s.Quality = qualityStandard
	}
	if err := checkText("name", s.Name, maxName); err != nil {
		return err
	}
	if formats := b.cfg.Recorder.Formats(); !slices.Contains(formats, s.Format) {
		return refuse(Invalid, "unknown_format", "format", "a recording is one of %v here", formats)
	}
	if s.Quality != qualityStandard && s.Quality != qualityHigh {
		return refuse(Invalid, "unknown_quality", "quality", "the quality is standard (8 kHz) or high (16 kHz)")
	}
	return nil
}

// unasked is a recording that nobody asks for now, nil when it cannot be.
func (o *owner) unasked(spec RecordingSpec) *recording {
	if err := o.b.checkRecording(&spec); err != nil {
		o.log.Error("the conference is to be recorded and cannot be", "error", err.Detail)
		o.noAuto = true
		return nil
	}
	return o.newRecording(spec)
}

// autoSpec is how a conference is recorded that is recorded always.
func autoSpec(c *state.Conference) RecordingSpec {
	return RecordingSpec{Name: c.Name, Format: c.RecordFormat, Quality: c.RecordQuality, Stereo: c.RecordStereo, Tracks: c.RecordTracks}
}
