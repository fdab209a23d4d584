package api

import (
	"context"
	"net/http"

	"partyline/bridge"
	"partyline/state"
)

const (
	maxName     = 100   // characters
	maxCapacity = 10000 // no conference is larger whatever the operator allows
	aDay        = 86400 // seconds
)

// decodeAccept reads accept: the mode alone as a string, or an object.
func decodeAccept(o *object) *state.Accept {
	raw, ok := o.fields["accept"]
	if ok && raw[0] == '"' {
		mode := o.word("accept", string(state.AcceptNone), string(state.AcceptPressKey), string(state.AcceptPIN))
		if mode == nil {
			return nil
		}
		return &state.Accept{Mode: state.AcceptMode(*mode)}
	}
	in := o.below("accept")
	if in == nil {
		return nil
	}
	in.need("mode")
	a := state.Accept{
		Mode:    state.AcceptMode(deref(in.word("mode", string(state.AcceptNone), string(state.AcceptPressKey), string(state.AcceptPIN)))),
		Key:     deref(in.word("key", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#")),
		Timeout: deref(in.seconds("timeout", 1, 120)),
		Tries:   deref(in.whole("tries", 1, 10)),
	}
	in.leftovers()
	return &a
}

// decodePIN reads pin: 4 to 6 digits. Its value is never repeated, not even in a refusal.
func decodePIN(o *object) *string {
	s := o.str("pin")
	if s == nil {
		return nil
	}
	ok := len(*s) >= 4 && len(*s) <= 6
	for _, c := range []byte(*s) {
		ok = ok && c >= '0' && c <= '9'
	}
	if !ok {
		o.wrong("pin", codeInvalidField, "pin must be a string of 4 to 6 digits.")
		return nil
	}
	return s
}

// refuseRecord refuses what this version does not do: an option that is
// accepted and not honoured is worse than none.
func refuseRecord(o *object) {
	if deref(o.flag("record")) {
		o.wrong("record", codeNotSupported, "Recording is not available in this version; leave record out or false.")
	}
}

func decodeConference(body []byte) (bridge.ConferenceSpec, error) {
	o, p := parseObject(body, false)
	if p != nil {
		return bridge.ConferenceSpec{}, p
	}
	o.need("name")
	refuseRecord(o)
	spec := bridge.ConferenceSpec{
		Name:                        deref(o.title("name", maxName)),
		ScheduledFor:                o.moment("scheduled_for"),
		MaxParticipants:             o.whole("max_participants", 1, maxCapacity),
		RequirePIN:                  deref(o.flag("require_pin")),
		PIN:                         deref(decodePIN(o)),
		HoldMusicID:                 deref(o.text("hold_music_id", maxName)),
		MuteOnEntry:                 deref(o.flag("mute_on_entry")),
		AllowRecordingByParticipant: deref(o.flag("allow_recording_by_participant")),
		MemberNotification:          o.flag("member_notification"),
		Accept:                      decodeAccept(o),
		WaitForPresenter:            deref(o.flag("wait_for_presenter")),
		EndOnPresenterExit:          deref(o.flag("end_on_presenter_exit")),
		PresenterGrace:              deref(o.seconds("end_on_presenter_exit_grace", 0, aDay)),
		Locked:                      deref(o.flag("locked")),
		MaxDuration:                 deref(o.seconds("max_duration", 0, 7*aDay)),
	}
	return spec, o.finish()
}

func decodeConferencePatch(body []byte) (bridge.ConferencePatch, error) {
	o, p := parseObject(body, false)
	if p != nil {
		return bridge.ConferencePatch{}, p
	}
	o.patch = true
	refuseRecord(o)
	patch := bridge.ConferencePatch{
		Name:               o.title("name", maxName),
		ScheduledFor:       o.moment("scheduled_for"),
		MaxParticipants:    o.whole("max_participants", 1, maxCapacity),
		RequirePIN:         o.flag("require_pin"),
		PIN:                decodePIN(o),
		HoldMusicID:        o.text("hold_music_id", maxName),
		MuteOnEntry:        o.flag("mute_on_entry"),
		MemberNotification: o.flag("member_notification"),
		Accept:             decodeAccept(o),
		WaitForPresenter:   o.flag("wait_for_presenter"),
		EndOnPresenterExit: o.flag("end_on_presenter_exit"),
		PresenterGrace:     o.seconds("end_on_presenter_exit_grace", 0, aDay),
		Locked:             o.flag("locked"),
		MaxDuration:        o.seconds("max_duration", 0, 7*aDay),
	}
	return patch, o.finish()
}

func (s *Server) createConference(ctx context.Context, c *call) (reply, error) {
	spec, err := decodeConference(c.body)
	if err != nil {
		return reply{}, err
	}
	spec.RequestKey = c.requestKey
	v, err := s.cfg.Bridge.CreateConference(ctx, c.who, spec)
	if err != nil {
		return reply{}, err
	}
	out := conferenceReply(http.StatusCreated, v)
	out.header["Location"] = pathConferences + "/" + v.ID
	return out, nil
}

func conferenceReply(status int, v bridge.ConferenceView) reply {
	return reply{status: status, body: showConference(v), header: map[string]string{"ETag": conferenceTag(v)}}
}

func (s *Server) getConference(ctx context.Context, c *call) (reply, error) {
	cid, err := c.cid()
	if err != nil {
		return reply{}, err
	}
	if err := c.query(); err != nil {
		return reply{}, err
	}
	v, err := s.cfg.Bridge.Conference(ctx, c.who, cid)
	if err != nil {
		return reply{}, err
	}
	return conferenceReply(http.StatusOK, v), nil
}

// conferencesJSON is one page of a tenant's conferences.
type conferencesJSON struct {
	Conferences []conferenceJSON `json:"conferences"`
	Next        *string          `json:"next"` // the cursor for ?after=, null on the last page
}

func (s *Server) listConferences(ctx context.Context, c *call) (reply, error) {
	q := newQuery(c.r.URL.Query())
	after, limit := q.cursor(), q.limit(1000)
	if err := q.finish(); err != nil {
		return reply{}, err
	}
	views, next, err := s.cfg.Bridge.Conferences(ctx, c.who, after, limit)
	if err != nil {
		return reply{}, err
	}
	page := conferencesJSON{Conferences: make([]conferenceJSON, 0, len(views)), Next: orNull(next)}
	for _, v := range views {
		page.Conferences = append(page.Conferences, showConference(v))
	}
	return reply{status: http.StatusOK, body: page}, nil
}

func (s *Server) patchConference(ctx context.Context, c *call) (reply, error) {
	cid, err := c.cid()
	if err != nil {
		return reply{}, err
	}
	patch, err := decodeConferencePatch(c.body)
	if err != nil {
		return reply{}, err
	}
	if match := c.r.Header.Get("If-Match"); match != "" {
		patch.If = func(now bridge.ConferenceView) bool { return matches(match, conferenceTag(now)) }
	}
	v, err := s.cfg.Bridge.UpdateConference(ctx, c.who, cid, patch)
	if err != nil {
		return reply{}, err
	}
	return conferenceReply(http.StatusOK, v), nil
}

func (s *Server) deleteConference(ctx context.Context, c *call) (reply, error) {
	cid, err := c.cid()
	if err != nil {
		return reply{}, err
	}
	if err := s.cfg.Bridge.DeleteConference(ctx, c.who, cid); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusNoContent}, nil
}

func (s *Server) endConference(ctx context.Context, c *call) (reply, error) {
	cid, err := c.cid()
	if err != nil {
		return reply{}, err
	}
	if err := emptyBody(c.body); err != nil {
		return reply{}, err
	}
	v, err := s.cfg.Bridge.EndConference(ctx, c.who, cid)
	if err != nil {
		return reply{}, err
	}
	return conferenceReply(http.StatusOK, v), nil
}

func (s *Server) getReport(ctx context.Context, c *call) (reply, error) {
	cid, err := c.cid()
	if err != nil {
		return reply{}, err
	}
	if err := c.query(); err != nil {
		return reply{}, err
	}
	r, err := s.cfg.Bridge.Report(ctx, c.who, cid)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, body: showReport(r)}, nil
}

// emptyBody accepts nothing or {}.
func emptyBody(body []byte) error {
	o, p := parseObject(body, true)
	if p != nil {
		return p
	}
	return o.finish()
}
