package api

import (
	"context"
	"net/http"

	"partyline/bridge"
)

const (
	maxName     = 100   // characters
	maxCapacity = 10000 // no conference is larger whatever the operator allows
	aDay        = 86400 // seconds
)

func decodeConference(body []byte) (bridge.ConferenceSpec, error) {
	o, p := parseObject(body, false)
	if p != nil {
		return bridge.ConferenceSpec{}, p
	}
	o.need("name")
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
		Record:                      deref(o.flag("record")),
		Recording:                   decodeRecording(o, "record_"),
		Sound:                       decodeConferenceSound(o),
		DialIn:                      decodeDialIn(o),
	}
	return spec, o.finish()
}

func decodeConferencePatch(body []byte) (bridge.ConferencePatch, error) {
	o, p := parseObject(body, false)
	if p != nil {
		return bridge.ConferencePatch{}, p
	}
	o.patch = true
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
		Record:             o.flag("record"),
		Recording:          decodeRecordingPatch(o, "record_"),
		Sound:              decodeConferenceSound(o),
		DialIn:             decodeDialIn(o),
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
