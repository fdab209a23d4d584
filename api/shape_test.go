package api_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"partyline/api"
	"partyline/bridge"
	"partyline/state"
)

var (
	aMoment = time.Date(2026, 1, 31, 15, 0, 0, 0, time.UTC)
	aHash   = bytes.Repeat([]byte{0xab}, 32)
)

const (
	aConf  = "conf_01k9x3v5m8c7t2q4r6w8y0z1ab"
	aPart  = "part_01k9x3v5m8c7t2q4r6w8y0z1ac"
	aSound = "snd_01k9x3v5m8c7t2q4r6w8y0z1ad"
	aRec   = "rec_01k9x3v5m8c7t2q4r6w8y0z1ae"
)

// shown holds a view against its schema and returns its fields.
func shown(t *testing.T, schema string, view any) map[string]any {
	t.Helper()
	b, err := json.Marshal(api.Shown(view))
	if err != nil {
		t.Fatal(err)
	}
	theContract(t).matches(t, schema, b)
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// fields compares some fields with what they should be, as JSON.
func fields(t *testing.T, got map[string]any, want string) {
	t.Helper()
	var w map[string]any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	for name, value := range w {
		g, there := got[name]
		a, _ := json.Marshal(g)
		b, _ := json.Marshal(value)
		if !there || !bytes.Equal(a, b) {
			t.Errorf("%s is %s (there: %v), want %s", name, a, there, b)
		}
	}
}

func TestConferenceShape(t *testing.T) {
	fields(t, shown(t, "Conference", bridge.ConferenceView{Conference: state.Conference{ID: aConf, Status: state.ConferenceOpen, CreatedAt: aMoment}}), `{
		"language":null, "name_sound_id":null, "host_sound_id":null, "announce_names":false, "alone_music":true, "levelling":true,
		"comfort_noise":true, "record":false, "record_format":"wav", "record_quality":"standard", "record_stereo":false, "record_tracks":false,
		"record_beep":0, "dial_in":{"numbers":[],"role":"participant","has_moderator_pin":false}, "presence":"empty", "active_speaker":null,
		"recording":null, "accept":{"mode":"none","key":null,"timeout":0,"tries":0,"machine_detection":false,"sound_id":null}}`)
	c := state.Conference{ID: aConf, Status: state.ConferenceActive, CreatedAt: aMoment, Language: "es", NameSoundID: aSound, HostSoundID: aSound,
		AnnounceNames: true, NoAloneMusic: true, NoLevelling: true, NoComfortNoise: true, Record: true, RecordFormat: "opus", RecordQuality: "high",
		RecordStereo: true, RecordTracks: true, RecordBeep: 15 * time.Second, DialInNumbers: []string{"+12025550199"}, DialInRole: state.RoleListener,
		ModeratorPINHash: aHash, Accept: state.Accept{Mode: state.AcceptPressKey, Key: "1", Timeout: 15 * time.Second, Tries: 3, Machines: true, SoundID: aSound}}
	fields(t, shown(t, "Conference", bridge.ConferenceView{Conference: c, Presence: bridge.PresenceSeveralHost, ActiveSpeaker: aPart, Recording: aRec}), `{
		"language":"es", "name_sound_id":"`+aSound+`", "host_sound_id":"`+aSound+`", "announce_names":true, "alone_music":false, "levelling":false,
		"comfort_noise":false, "record":true, "record_format":"opus", "record_quality":"high", "record_stereo":true, "record_tracks":true,
		"record_beep":15, "dial_in":{"numbers":["+12025550199"],"role":"listener","has_moderator_pin":true}, "presence":"several_presenter",
		"active_speaker":"`+aPart+`", "recording":"`+aRec+`", "accept":{"mode":"press_key","key":"1","timeout":15,"tries":3,"machine_detection":true,"sound_id":"`+aSound+`"}}`)
	for _, p := range []bridge.Presence{bridge.PresenceEmpty, bridge.PresenceWaiting, bridge.PresenceSingle, bridge.PresenceSingleHost, bridge.PresenceSeveral} {
		fields(t, shown(t, "Conference", bridge.ConferenceView{Conference: c, Presence: p}), `{"presence":"`+string(p)+`"}`)
	}
}

// A tag changes with everything a PATCH can change, and with nothing else.
func TestConferenceTag(t *testing.T) {
	base := bridge.ConferenceView{Conference: state.Conference{ID: aConf, CreatedAt: aMoment}}
	tags := map[string]string{api.Tag(base): "nothing"}
	for name, change := range map[string]func(*state.Conference){
		"language": func(c *state.Conference) { c.Language = "es" }, "name_sound_id": func(c *state.Conference) { c.NameSoundID = aSound },
		"host_sound_id":  func(c *state.Conference) { c.HostSoundID = aSound },
		"announce_names": func(c *state.Conference) { c.AnnounceNames = true }, "alone_music": func(c *state.Conference) { c.NoAloneMusic = true },
		"levelling": func(c *state.Conference) { c.NoLevelling = true }, "comfort_noise": func(c *state.Conference) { c.NoComfortNoise = true },
		"record": func(c *state.Conference) { c.Record = true }, "record_beep": func(c *state.Conference) { c.RecordBeep = time.Second },
		"record_format": func(c *state.Conference) { c.RecordFormat = "mp3" }, "record_quality": func(c *state.Conference) { c.RecordQuality = "high" },
		"record_stereo": func(c *state.Conference) { c.RecordStereo = true }, "record_tracks": func(c *state.Conference) { c.RecordTracks = true },
		"numbers": func(c *state.Conference) { c.DialInNumbers = []string{"+12025550199"} }, "role": func(c *state.Conference) { c.DialInRole = state.RoleListener },
		"moderator_pin": func(c *state.Conference) { c.ModeratorPINHash = aHash }, "another moderator_pin": func(c *state.Conference) { c.ModeratorPINHash = aHash[1:] }, "pin": func(c *state.Conference) { c.PINHash = aHash },
		"machine_detection": func(c *state.Conference) { c.Accept.Machines = true }, "sound_id": func(c *state.Conference) { c.Accept.SoundID = aSound },
		"name": func(c *state.Conference) { c.Name = "x" },
	} {
		v := base
		change(&v.Conference)
		tag := api.Tag(v)
		if other, taken := tags[tag]; taken {
			t.Errorf("%s has the tag of %s", name, other)
		}
		tags[tag] = name
	}
	moved := base
	moved.Presence, moved.ActiveSpeaker, moved.Recording, moved.Seq, moved.Active = bridge.PresenceSingle, aPart, aRec, 7, 3
	if tags[api.Tag(moved)] != "nothing" {
		t.Error("what moves by itself changes the tag")
	}
}

func TestParticipantShape(t *testing.T) {
	p := state.Participant{ID: aPart, ConferenceID: aConf, PhoneNumber: "+12025550100", Role: state.RoleListener, Status: state.Connected, CreatedAt: aMoment}
	fields(t, shown(t, "Participant", bridge.ParticipantView{Participant: p}), `{"speaking":false, "spoken":0, "hand_raised":false, "hand_place":null,
		"inbound":false, "machine":null, "keys":null, "language":null, "name_sound_id":null, "max_duration":null, "wait_for_presenter":null,
		"leave_with_presenter":false}`)
	p.HandRaised, p.Inbound, p.Keys, p.Language, p.NameSoundID, p.MaxDuration = true, true, state.KeysEvents, "es", aSound, time.Hour
	p.Waits, p.EndsWith, p.Machine = new(false), true, &state.MachineResult{Result: "machine", MS: 2350}
	fields(t, shown(t, "Participant", bridge.ParticipantView{Participant: p, Speaking: true, Spoken: 61249 * time.Millisecond, HandPlace: 2}), `{
		"speaking":true, "spoken":61.2, "hand_raised":true, "hand_place":2, "inbound":true, "machine":{"result":"machine","ms":2350},
		"keys":"events", "language":"es", "name_sound_id":"`+aSound+`", "max_duration":3600, "wait_for_presenter":false, "leave_with_presenter":true}`)
	p.PhoneNumber, p.Status, p.Reason = "", state.Rejected, state.ReasonNoDigits // an anonymous caller who could not type
	for _, k := range []state.KeyWay{state.KeysInfo, state.KeysTones} {
		p.Keys = k
		fields(t, shown(t, "Participant", bridge.ParticipantView{Participant: p}), `{"phone_number":"", "reason":"no_digits", "keys":"`+string(k)+`"}`)
	}
	for _, r := range []string{"human", "unknown"} {
		p.Machine = &state.MachineResult{Result: r}
		shown(t, "Participant", bridge.ParticipantView{Participant: p})
	}
}

func TestRecordingShape(t *testing.T) {
	r := state.Recording{ID: aRec, ConferenceID: aConf, Format: "wav", Quality: "standard", StartedAt: aMoment}
	for _, s := range []state.RecordingStatus{state.RecordingRunning, state.RecordingPaused, state.RecordingFinished, state.RecordingReady, state.RecordingFailed} {
		r.Status = s
		fields(t, shown(t, "Recording", r), `{"status":"`+string(s)+`", "name":"", "started_by":null, "stopped_at":null, "duration":0,
			"continues":null, "error":null, "files":[]}`)
	}
	r.Name, r.StartedBy, r.StoppedAt, r.DurationMS, r.Stereo, r.Tracks = "Board", "api", &aMoment, 61249, true, true
	r.Interrupted, r.Continues, r.Error = true, aRec, "the disk is full"
	r.Files = []state.RecordingFile{{Name: "mix.wav", ContentType: "audio/wav", Bytes: 44, SHA256: aHash, DurationMS: 1500},
		{Name: "track.wav", ParticipantID: aPart, ContentType: "audio/wav", Bytes: 44, SHA256: aHash, DurationMS: 1500}}
	url := "/v2/conferences/" + aConf + "/recordings/" + aRec + "/audio"
	sum := `"abababababababababababababababababababababababababababababababab"`
	fields(t, shown(t, "Recording", r), `{"name":"Board", "started_by":"api", "stopped_at":"2026-01-31T15:00:00Z", "duration":61.249,
		"stereo":true, "tracks":true, "interrupted":true, "continues":"`+aRec+`", "error":"the disk is full", "files":[
		{"participant_id":null,"content_type":"audio/wav","bytes":44,"sha256":`+sum+`,"duration":1.5,"url":"`+url+`"},
		{"participant_id":"`+aPart+`","content_type":"audio/wav","bytes":44,"sha256":`+sum+`,"duration":1.5,"url":"`+url+`?track=`+aPart+`"}]}`)
}

func TestSoundShape(t *testing.T) {
	fields(t, shown(t, "Sound", state.Sound{ID: aSound, TenantID: "acme", Name: "Waiting", DurationMS: 42500, Bytes: 680044, SHA256: aHash, Source: "mp3", CreatedAt: aMoment}),
		`{"id":"`+aSound+`", "name":"Waiting", "duration":42.5, "bytes":680044, "source":"mp3", "created_at":"2026-01-31T15:00:00Z"}`)
}

func TestReportSpoken(t *testing.T) {
	r := bridge.Report{Conference: bridge.ConferenceView{Conference: state.Conference{ID: aConf, Status: state.ConferenceEnded}}, Entries: []bridge.ReportEntry{
		{ParticipantID: aPart, Role: state.RoleListener, Status: state.Disconnected, Connected: time.Minute, Spoken: 12345 * time.Millisecond}}}
	entry := shown(t, "Report", r)["entries"].([]any)[0].(map[string]any)
	fields(t, entry, `{"connected":60, "spoken":12.3}`)
}
