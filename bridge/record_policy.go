package bridge

import "partyline/state"

// RecordingPatch changes what the recordings are to be that a conference
// starts by itself. nil leaves what is there; one that runs goes on as it is.
type RecordingPatch struct {
	Format  *string
	Quality *string
	Stereo  *bool
	Tracks  *bool
}

func (p *RecordingPatch) apply(c *state.Conference) {
	set(&c.RecordFormat, p.Format)
	set(&c.RecordQuality, p.Quality)
	set(&c.RecordStereo, p.Stereo)
	set(&c.RecordTracks, p.Tracks)
}

// checkRecordPolicy holds a change of what is recorded by itself against what
// can be done here. Another change is not refused for it.
func (b *Bridge) checkRecordPolicy(before, after *state.Conference) *Error {
	same := before.Record == after.Record && before.RecordFormat == after.RecordFormat && before.RecordQuality == after.RecordQuality
	if same || !after.Record && after.RecordFormat == "" && after.RecordQuality == "" {
		return nil
	}
	err := b.checkRecording(&RecordingSpec{Format: after.RecordFormat, Quality: after.RecordQuality})
	if err != nil {
		err.Param = recordField(err.Param)
	}
	return err
}

// recordField names the conference's field for one of a recording.
func recordField(param string) string {
	if param == "" {
		return "record"
	}
	return "record_" + param
}
