package api

import (
	"context"
	"net/http"

	"partyline/bridge"
)

// act does one thing to one participant.
func (s *Server) act(action bridge.Action) handler {
	return func(ctx context.Context, c *call) (reply, error) {
		cid, pid, err := c.ids()
		if err != nil {
			return reply{}, err
		}
		if err := emptyBody(c.body); err != nil {
			return reply{}, err
		}
		v, err := s.cfg.Bridge.Do(ctx, c.who, cid, pid, action)
		if err != nil {
			return reply{}, err
		}
		return participantReply(v), nil
	}
}

type affectedJSON struct {
	Affected int `json:"affected"`
}

// actOnAll does one thing to a whole conference.
func (s *Server) actOnAll(kind bridge.BulkKind) handler {
	return func(ctx context.Context, c *call) (reply, error) {
		cid, err := c.cid()
		if err != nil {
			return reply{}, err
		}
		o, p := parseObject(c.body, true)
		if p != nil {
			return reply{}, p
		}
		action := bridge.BulkAction{Kind: kind}
		switch kind {
		case bridge.MuteAll:
			action.AllowUnmute = deref(o.flag("allow_unmute"))
		case bridge.Announce:
			action.Sound = deref(o.word("sound", "chime", "beep"))
		}
		if err := o.finish(); err != nil {
			return reply{}, err
		}
		n, err := s.cfg.Bridge.DoAll(ctx, c.who, cid, action)
		if err != nil {
			return reply{}, err
		}
		return reply{status: http.StatusOK, body: affectedJSON{n}}, nil
	}
}
