package api

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"partyline/bridge"
	"partyline/state"
)

const aSound = "snd_01k9x3v5m8c7t2q4r6w8y0z1ad"

// What a conference is asked to sound like arrives at the bridge as it was
// said; what is not said, or null, is left to it.
func TestDecodeConference(t *testing.T) {
	yes, no := new(true), new(false)
	for body, want := range map[string]bridge.ConferenceSpec{
		``: {},
		`"language":null,"name_sound_id":null,"host_sound_id":null,"announce_names":null,"alone_music":null,"levelling":null,
		 "comfort_noise":null,"record":null,"record_format":null,"record_quality":null,"record_stereo":null,"record_tracks":null,
		 "record_beep":null,"dial_in":null,"accept":null`: {},
		`"language":"es"`:    {Sound: bridge.ConferenceSound{Language: new("es")}},
		`"language":"pt-BR"`: {Sound: bridge.ConferenceSound{Language: new("pt-BR")}},
		`"language":""`:      {Sound: bridge.ConferenceSound{Language: new("")}},
		`"name_sound_id":"snd_01k9x3v5m8c7t2q4r6w8y0z1ad","host_sound_id":""`: {Sound: bridge.ConferenceSound{NameSoundID: new(aSound), HostSoundID: new("")}},
		`"announce_names":true,"alone_music":false,"levelling":false,"comfort_noise":false`: {
			Sound: bridge.ConferenceSound{AnnounceNames: yes, AloneMusic: no, Levelling: no, ComfortNoise: no}},
		`"record":true,"record_format":"mp3","record_quality":"high","record_stereo":true,"record_tracks":true,"record_beep":3600`: {
			Record: true, Recording: bridge.RecordingSpec{Format: "mp3", Quality: "high", Stereo: true, Tracks: true},
			Sound: bridge.ConferenceSound{RecordBeep: new(time.Hour)}},
		`"record_beep":0`: {Sound: bridge.ConferenceSound{RecordBeep: new(time.Duration(0))}},
		`"dial_in":{}`:    {},
		`"dial_in":{"numbers":[],"role":null,"moderator_pin":null}`: {DialIn: bridge.DialInSpec{Numbers: &[]string{}}},
		`"dial_in":{"numbers":["+12025550198", "+12025550199"],"role":"listener","moderator_pin":"001234567890"}`: {DialIn: bridge.DialInSpec{
			Numbers: &[]string{"+12025550198", "+12025550199"}, Role: new(state.RoleListener), ModeratorPIN: new("001234567890")}},
		`"hold_music_id":"` + aSound + `"`: {HoldMusicID: aSound},
		`"accept":{"mode":"press_key","machine_detection":true,"sound_id":"` + aSound + `"}`: {
			Accept: &state.Accept{Mode: state.AcceptPressKey, Machines: true, SoundID: aSound}},
	} {
		want.Name = "x"
		got, err := decodeConference([]byte(strings.TrimSuffix(`{"name":"x",`+body, ",") + "}"))
		if err != nil {
			t.Errorf("%s: %v", body, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
}

func TestDecodeConferencePatch(t *testing.T) {
	for body, want := range map[string]bridge.ConferencePatch{
		`{}`: {},
		`{"record":true,"record_beep":15,"language":"es","name_sound_id":"","host_sound_id":"` + aSound + `"}`: {Record: new(true), Sound: bridge.ConferenceSound{
			RecordBeep: new(15 * time.Second), Language: new("es"), NameSoundID: new(""), HostSoundID: new(aSound)}},
		`{"announce_names":false,"alone_music":true,"levelling":true,"comfort_noise":true}`: {Sound: bridge.ConferenceSound{
			AnnounceNames: new(false), AloneMusic: new(true), Levelling: new(true), ComfortNoise: new(true)}},
		`{"record_format":"opus","record_quality":"high","record_stereo":false,"record_tracks":true}`: {Recording: bridge.RecordingPatch{
			Format: new("opus"), Quality: new("high"), Stereo: new(false), Tracks: new(true)}},
		`{"dial_in":{"numbers":[]}}`:                                {DialIn: bridge.DialInSpec{Numbers: &[]string{}}},
		`{"dial_in":{"role":"presenter","moderator_pin":"123456"}}`: {DialIn: bridge.DialInSpec{Role: new(state.RolePresenter), ModeratorPIN: new("123456")}},
	} {
		got, err := decodeConferencePatch([]byte(body))
		if err != nil {
			t.Errorf("%s: %v", body, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
}

func TestDecodePerson(t *testing.T) {
	for body, want := range map[string]bridge.ParticipantSpec{
		``: {},
		`,"language":null,"name_sound_id":null,"max_duration":null,"wait_for_presenter":null,"leave_with_presenter":null`: {},
		`,"language":"es","name_sound_id":"` + aSound + `","max_duration":3600,"leave_with_presenter":true`: {
			Language: "es", NameSoundID: aSound, MaxDuration: time.Hour, EndsWith: true},
		`,"wait_for_presenter":true`:                        {Waits: new(true)},
		`,"wait_for_presenter":false`:                       {Waits: new(false)},
		`,"max_duration":604800`:                            {MaxDuration: 7 * 24 * time.Hour},
		`,"accept":{"mode":"pin","machine_detection":true}`: {Accept: &state.Accept{Mode: state.AcceptPIN, Machines: true}},
	} {
		want.PhoneNumber = "+12025550100"
		o, p := parseObject([]byte(`{"phone_number":"+12025550100"`+body+`}`), false)
		if p != nil {
			t.Fatal(p)
		}
		got := decodePerson(o)
		if err := o.finish(); err != nil {
			t.Errorf("%s: %v", body, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
}

func TestDecodeAnnouncement(t *testing.T) {
	for body, want := range map[string]string{
		`{}`: "", `{"sound":null}`: "", `{"sound":"chime"}`: "chime", `{"sound":"beep"}`: "beep", `{"sound":"` + aSound + `"}`: aSound,
		`{"sound":"prompt:being_recorded"}`: "prompt:being_recorded",
	} {
		if got, err := announced(t, body); err != nil || got != want {
			t.Errorf("%s: %q, %v", body, got, err)
		}
	}
	for _, body := range []string{
		`{"sound":""}`, `{"sound":"gong"}`, `{"sound":"Chime"}`, `{"sound":1}`, `{"sound":["chime"]}`, `{"sound":"snd_"}`, `{"sound":"snd_../../x"}`,
		`{"sound":"` + strings.ToUpper(aSound) + `"}`, `{"sound":"prompt:"}`, `{"sound":"prompt:../beep"}`, `{"sound":"prompt:Beep"}`, `{"sound":"being_recorded"}`,
		`{"sound":"prompt:` + strings.Repeat("x", 41) + `"}`, `{"sound":"file:///etc/passwd"}`, `{"sound":"http://169.254.169.254/"}`, `{"music":"chime"}`,
	} {
		if got, err := announced(t, body); err == nil {
			t.Errorf("%s was taken as %q", body, got)
		}
	}
}

func announced(t *testing.T, body string) (string, error) {
	o, p := parseObject([]byte(body), true)
	if p != nil {
		t.Fatal(p)
	}
	s := o.announcement("sound")
	return s, o.finish()
}

func TestLanguageTags(t *testing.T) {
	for s, want := range map[string]bool{
		"en": true, "es": true, "fil": true, "pt-BR": true, "zh-Hant-TW": true, "es-419": true, "de-1996": true,
		"e": false, "engl": false, "EN": false, "en_US": false, "en-": false, "-en": false, "en--US": false, "e1": false,
		"en-toolongword": false, "en-é": false, "..": false, "en/..": false, "en-" + strings.Repeat("a-", 20) + "a": false,
	} {
		if languageTag(s) != want {
			t.Errorf("%q: %v", s, !want)
		}
	}
}
