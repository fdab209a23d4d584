package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"partyline/bridge"
)

// A tag names the settings a PATCH can change, not the counts and statuses
// that move by themselves: on a busy conference those would never match.

func conferenceTag(v bridge.ConferenceView) string {
	c := showConference(v)
	return tag(c.ID, c.Name, c.ScheduledFor, c.MaxParticipants, c.RequirePIN, c.HoldMusicID, c.MuteOnEntry,
		c.MemberNotification, c.Accept, c.WaitForPresenter, c.EndOnPresenterExit, c.EndOnPresenterExitGrace,
		c.Locked, c.MaxDuration, v.PINHash, c.Record, c.Language, c.NameSoundID, c.HostSoundID, c.AnnounceNames, c.AloneMusic, c.Guidance,
		c.Levelling, c.ComfortNoise, c.RecordFormat, c.RecordQuality, c.RecordStereo, c.RecordTracks, c.RecordBeep, c.DialIn, v.ModeratorPINHash)
}

func participantTag(v bridge.ParticipantView) string {
	p := showParticipant(v)
	return tag(p.ID, p.Name, p.Role, p.Muted, p.ExternalID)
}

func tag(settings ...any) string {
	b, err := json.Marshal(settings)
	if err != nil { // cannot be: the same values were just encoded for the reply
		return `""`
	}
	sum := sha256.Sum256(b)
	return `"` + hex.EncodeToString(sum[:12]) + `"`
}

// matches tells whether an If-Match header (RFC 9110 §13.1.1) names the tag.
// The bridge asks at the moment of the change, so that of two who read the
// same state only one changes it.
func matches(header, tag string) bool {
	for _, want := range strings.Split(header, ",") {
		if want = strings.TrimSpace(want); want == "*" || want == tag {
			return true
		}
	}
	return false
}

func stale() *Problem {
	return problem(codeStale, "If-Match", "It was changed since you read it; read it again, then decide.")
}
