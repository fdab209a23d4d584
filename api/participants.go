package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"unicode/utf8"

	"partyline/bridge"
	"partyline/state"
)

const (
	maxPhone    = 20  // characters
	maxExternal = 255 // characters
	maxBulk     = 1000
)

var roleWords = []string{string(state.RolePresenter), string(state.RoleListener), string(state.RoleParticipant), string(state.RoleOperator)}

// decodePerson reads one participant to be added. That the number is E.164 and
// may be dialled is for the bridge to say.
func decodePerson(o *object) bridge.ParticipantSpec {
	o.need("phone_number")
	spec := bridge.ParticipantSpec{
		PhoneNumber:   deref(decodeNumber(o, "phone_number")),
		Name:          deref(o.text("name", maxName)),
		Role:          state.Role(deref(o.word("role", roleWords...))),
		Muted:         deref(o.flag("muted")),
		SendPINViaSMS: deref(o.flag("send_pin_via_sms")),
		Accept:        decodeAccept(o),
		RingTimeout:   deref(o.seconds("ring_timeout", 5, 600)),
		CallerID:      deref(decodeNumber(o, "caller_id")),
		ExternalID:    deref(o.text("external_id", maxExternal)),
		DialAfter: state.DialAfter(deref(o.word("dial_after",
			string(state.DialNow), string(state.DialSMSSent), string(state.DialSMSDelivered)))),
		Language:    deref(o.language("language")),
		NameSoundID: deref(o.soundID("name_sound_id")),
		MaxDuration: deref(o.seconds("max_duration", 0, 7*aDay)),
		Waits:       o.flag("wait_for_presenter"),
		EndsWith:    deref(o.flag("leave_with_presenter")),
	}
	if in := o.below("retry"); in != nil {
		in.need("attempts")
		spec.Retry = state.Retry{Attempts: deref(in.whole("attempts", 1, 10)), Delay: deref(in.seconds("delay", 1, aDay))}
		in.leftovers()
	}
	return spec
}

// decodeNumber reads a phone number: + and digits, at most 20 characters.
func decodeNumber(o *object, name string) *string {
	s := o.str(name)
	if s == nil {
		return nil
	}
	if utf8.RuneCountInString(*s) > maxPhone {
		o.wrong(name, codeInvalidNumber, "%s is longer than %d characters.", o.at+name, maxPhone)
		return nil
	}
	digits := 0
	for i, c := range []byte(*s) {
		switch {
		case i == 0 && c == '+':
		case i > 0 && '0' <= c && c <= '9':
			digits++
		default:
			digits = -maxPhone
		}
	}
	if digits < 3 || digits > 15 {
		o.wrong(name, codeInvalidNumber, "%s must be an E.164 number: +, the country code and the number, like +12025550100.", o.at+name)
		return nil
	}
	return s
}

func (s *Server) addParticipant(ctx context.Context, c *call) (reply, error) {
	cid, err := c.cid()
	if err != nil {
		return reply{}, err
	}
	o, p := parseObject(c.body, false)
	if p != nil {
		return reply{}, p
	}
	spec := decodePerson(o)
	if err := o.finish(); err != nil {
		return reply{}, err
	}
	spec.RequestKey = c.requestKey
	v, err := s.cfg.Bridge.Add(ctx, c.who, cid, spec)
	if err != nil {
		return reply{}, err
	}
	return participantReply(v), nil
}

func participantReply(v bridge.ParticipantView) reply {
	return reply{status: http.StatusOK, body: showParticipant(v), header: map[string]string{"ETag": participantTag(v)}}
}

// bulkItemJSON is the fate of one item, in the shape of the Rooms API.
type bulkItemJSON struct {
	Success       bool   `json:"success"`
	ParticipantID string `json:"participant_id,omitempty"`
	Status        string `json:"status,omitempty"`
	Error         string `json:"error,omitempty"`
	Code          string `json:"code,omitempty"`
	Param         string `json:"param,omitempty"`
}

type bulkJSON struct {
	Results []bulkItemJSON `json:"results"`
}

// addMany adds up to 1000 people; each stands or falls alone, also one whose
// fields are wrong.
func (s *Server) addMany(ctx context.Context, c *call) (reply, error) {
	cid, err := c.cid()
	if err != nil {
		return reply{}, err
	}
	o, p := parseObject(c.body, false)
	if p != nil {
		return reply{}, p
	}
	o.need("participants")
	items, _ := o.list("participants")
	if n := len(items); n > maxBulk {
		o.wrong("participants", codeInvalidField, "participants has %d items; at most %d are allowed.", n, maxBulk)
	}
	if err := o.finish(); err != nil {
		return reply{}, err
	}
	results := make([]bulkItemJSON, len(items))
	specs := make([]bridge.ParticipantSpec, 0, len(items))
	place := make([]int, 0, len(items)) // of each spec among the items
	for i, raw := range items {
		spec, fault := decodeItem(i, raw)
		if fault != nil {
			results[i] = bulkItemJSON{Error: fault.Detail, Code: fault.Code, Param: fault.Param}
			continue
		}
		if c.requestKey != "" {
			spec.RequestKey = fmt.Sprintf("%s.%d", c.requestKey, i)
		}
		specs, place = append(specs, spec), append(place, i)
	}
	if len(specs) == 0 {
		if _, err := s.cfg.Bridge.Conference(ctx, c.who, cid); err != nil {
			return reply{}, err
		}
		return reply{status: http.StatusOK, body: bulkJSON{results}}, nil
	}
	fates, err := s.cfg.Bridge.AddMany(ctx, c.who, cid, specs)
	if err != nil {
		return reply{}, err
	}
	for i, fate := range fates {
		results[place[i]] = showFate(place[i], fate)
	}
	return reply{status: http.StatusOK, body: bulkJSON{results}}, nil
}

func decodeItem(i int, raw json.RawMessage) (bridge.ParticipantSpec, *FieldError) {
	o := &object{found: new([]FieldError)}
	in := o.inner(fmt.Sprintf("participants[%d]", i), raw)
	if in == nil {
		return bridge.ParticipantSpec{}, &(*o.found)[0]
	}
	spec := decodePerson(in)
	in.leftovers()
	if len(*o.found) > 0 {
		return bridge.ParticipantSpec{}, &(*o.found)[0]
	}
	return spec, nil
}

func showFate(i int, fate bridge.BulkResult) bulkItemJSON {
	switch {
	case fate.Err != nil:
		p := asProblem(fate.Err)
		param := ""
		if p.Param != "" {
			param = fmt.Sprintf("participants[%d].%s", i, p.Param)
		}
		return bulkItemJSON{Error: p.Detail, Code: p.Code, Param: param}
	case fate.Participant == nil: // the bridge promises one of the two
		p := asProblem(fmt.Errorf("bulk item %d has neither participant nor error", i))
		return bulkItemJSON{Error: p.Detail, Code: p.Code}
	}
	return bulkItemJSON{Success: true, ParticipantID: fate.Participant.ID, Status: string(fate.Participant.Status)}
}

// participantsJSON is a page of a conference's participants with the counts of all.
type participantsJSON struct {
	Participants []participantJSON `json:"participants"`
	Total        int               `json:"total"`
	Active       int               `json:"active"`
	Next         *string           `json:"next"`
	Seq          uint64            `json:"seq"`
}

func (s *Server) listParticipants(ctx context.Context, c *call) (reply, error) {
	cid, err := c.cid()
	if err != nil {
		return reply{}, err
	}
	q := newQuery(c.r.URL.Query())
	f := bridge.ParticipantFilter{Status: q.statuses(), Active: q.flag("active"), After: q.cursor(), Limit: q.limit(1000)}
	if err := q.finish(); err != nil {
		return reply{}, err
	}
	page, err := s.cfg.Bridge.Participants(ctx, c.who, cid, f)
	if err != nil {
		return reply{}, err
	}
	out := participantsJSON{Participants: make([]participantJSON, 0, len(page.Participants)),
		Total: page.Total, Active: page.Active, Next: orNull(page.Next), Seq: page.Seq}
	for _, v := range page.Participants {
		out.Participants = append(out.Participants, showParticipant(v))
	}
	return reply{status: http.StatusOK, body: out}, nil
}

func (s *Server) getParticipant(ctx context.Context, c *call) (reply, error) {
	cid, pid, err := c.ids()
	if err != nil {
		return reply{}, err
	}
	if err := c.query(); err != nil {
		return reply{}, err
	}
	v, err := s.cfg.Bridge.Participant(ctx, c.who, cid, pid)
	if err != nil {
		return reply{}, err
	}
	return participantReply(v), nil
}

func (s *Server) patchParticipant(ctx context.Context, c *call) (reply, error) {
	cid, pid, err := c.ids()
	if err != nil {
		return reply{}, err
	}
	o, p := parseObject(c.body, false)
	if p != nil {
		return reply{}, p
	}
	o.patch = true
	patch := bridge.ParticipantPatch{Name: o.text("name", maxName), Muted: o.flag("muted"), ExternalID: o.text("external_id", maxExternal)}
	if role := o.word("role", roleWords...); role != nil {
		patch.Role = new(state.Role(*role))
	}
	if err := o.finish(); err != nil {
		return reply{}, err
	}
	if match := c.r.Header.Get("If-Match"); match != "" {
		patch.If = func(now bridge.ParticipantView) bool { return matches(match, participantTag(now)) }
	}
	v, err := s.cfg.Bridge.UpdateParticipant(ctx, c.who, cid, pid, patch)
	if err != nil {
		return reply{}, err
	}
	return participantReply(v), nil
}

func (s *Server) removeParticipant(ctx context.Context, c *call) (reply, error) {
	cid, pid, err := c.ids()
	if err != nil {
		return reply{}, err
	}
	if err := s.cfg.Bridge.Remove(ctx, c.who, cid, pid); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusNoContent}, nil
}
