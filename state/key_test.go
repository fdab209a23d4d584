package state_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"partyline/state"
)

func TestKeys(t *testing.T) {
	for key, want := range map[string]state.KeyParts{
		state.TenantKey("default"):            {Kind: state.KindTenant, ID: "default"},
		state.APIKeyKey("abc"):                {Kind: state.KindAPIKey, ID: "abc"},
		state.ConferenceKey("conf_1"):         {Kind: state.KindConference, ID: "conf_1"},
		state.ParticipantKey("conf_1", "p_2"): {Kind: state.KindParticipant, Owner: "conf_1", ID: "p_2"},
		state.EventKey("conf_1", 17):          {Kind: state.KindEvent, Owner: "conf_1", Seq: 17},
		state.MessageKey("msg_1"):             {Kind: state.KindMessage, ID: "msg_1"},
		state.ReplyKey("default", "00ff"):     {Kind: state.KindReply, Owner: "default", ID: "00ff"},
	} {
		got, err := state.ParseKey(key)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", key, got, err, want)
		}
		if got.String() != key {
			t.Errorf("%s: joined again it is %s", key, got)
		}
	}
	if key := state.EventKey("c", 12); key != "event/c/0000000000000012" {
		t.Errorf("the key of an event is %s", key)
	}
}

func TestKeysListUnderTheirPrefixes(t *testing.T) {
	for prefix, key := range map[string]string{
		state.TenantPrefix:           state.TenantKey("t"),
		state.APIKeyPrefix:           state.APIKeyKey("k"),
		state.ConferencePrefix:       state.ConferenceKey("c"),
		state.MessagePrefix:          state.MessageKey("m"),
		state.ParticipantPrefix("c"): state.ParticipantKey("c", "p"),
		state.EventPrefix("c"):       state.EventKey("c", 1),
		state.ReplyPrefix("t"):       state.ReplyKey("t", "h"),
	} {
		if !strings.HasPrefix(key, prefix) || len(key) == len(prefix) {
			t.Errorf("%s is not below %s", key, prefix)
		}
	}
	if strings.HasPrefix(state.ParticipantKey("conf_12", "p"), state.ParticipantPrefix("conf_1")) {
		t.Error("one conference lists another's participants")
	}
}

func TestEventKeysSortAsNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seqs := rapid.SliceOfN(rapid.Uint64Range(0, 9999999999999999), 2, 50).Draw(t, "seqs")
		slices.Sort(seqs)
		var keys []string
		for _, seq := range seqs {
			keys = append(keys, state.EventKey("c", seq))
		}
		if !slices.IsSorted(keys) {
			t.Fatalf("%v gives %v", seqs, keys)
		}
	})
}

func TestParseKeyRefuses(t *testing.T) {
	for _, key := range []string{"", "conf", "conf/", "conf/a/b", "part/c", "part/c/", "part//p", "part/c/p/q", "event/c",
		"event/c/1", "event/c/00000000000000001", "event/c/+000000000000001", "event/c/000000000000000x", "event//0000000000000001", "idem/h"} {
		if p, err := state.ParseKey(key); err == nil {
			t.Errorf("%q is %+v", key, p)
		}
	}
	for _, key := range []string{"spend/x", "Conf/a", "", "/"} {
		if _, err := state.ParseKey(key); !errors.Is(err, state.ErrUnknownKind) {
			t.Errorf("%q: %v, want ErrUnknownKind", key, err)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	for _, key := range []string{"", "conf/a", "part/c/p", "event/c/0000000000000001", "idem/t/h", "event/c/ 00000000000000", "x/y"} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		p, err := state.ParseKey(key)
		if err == nil && p.String() != key {
			t.Errorf("%q is taken apart and joined to %q", key, p)
		}
		if err != nil && p != (state.KeyParts{}) {
			t.Errorf("%q is refused and still gives %+v", key, p)
		}
		if err != nil && len(err.Error()) > 1000 {
			t.Errorf("the refusal is %d bytes long", len(err.Error()))
		}
	})
}

// FuzzDecode: a record that decodes agrees with its key, and survives being
// written and read again.
func FuzzDecode(f *testing.F) {
	add := func(key string, v any) {
		b, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(key, b)
	}
	add(state.TenantKey("t"), state.Tenant{ID: "t"})
	add(state.APIKeyKey("k"), state.Key{ID: "k", Scopes: []string{"read"}, Hash: []byte{1}})
	add(state.ConferenceKey("c"), state.Conference{ID: "c", Name: "n", Accept: state.Accept{Mode: state.AcceptPIN}})
	add(state.ParticipantKey("c", "p"), state.Participant{ID: "p", ConferenceID: "c", Status: state.Held, SIP: &state.SIPResult{Code: 486}})
	add(state.EventKey("c", 3), state.Event{Seq: 3, ConferenceID: "c", Data: json.RawMessage(`{"a":[1]}`)})
	add(state.MessageKey("m"), state.Message{ID: "m", To: "+12025550100"})
	add(state.ReplyKey("t", "h"), state.Reply{Header: map[string]string{"a": "b"}, Body: []byte("x")})
	f.Add("part/c/p", []byte("null"))
	f.Add("other/x", []byte("{}"))
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		record, err := state.Decode(key, value)
		if err != nil {
			return
		}
		again, err := json.Marshal(record)
		if err != nil {
			return // a time beyond the year 9999 reads and does not write
		}
		if _, err := state.Decode(key, again); err != nil {
			t.Errorf("%s: written again it does not decode: %v", key, err)
		}
		if p, ok := record.(*state.Participant); ok && (!p.Status.Valid() || state.ParticipantKey(p.ConferenceID, p.ID) != key) {
			t.Errorf("%s: a participant %q in %q with status %q", key, p.ID, p.ConferenceID, p.Status)
		}
		if e, ok := record.(*state.Event); ok && state.EventKey(e.ConferenceID, e.Seq) != key {
			t.Errorf("%s: event %d of %q", key, e.Seq, e.ConferenceID)
		}
	})
}
