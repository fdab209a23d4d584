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
			action.Sound = o.announcement("sound")
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

// tell plays a sound to one participant.
func (s *Server) tell(ctx context.Context, c *call) (reply, error) {
	cid, pid, err := c.ids()
	if err != nil {
		return reply{}, err
	}
	o, p := parseObject(c.body, true)
	if p != nil {
		return reply{}, p
	}
	sound := o.announcement("sound")
	if err := o.finish(); err != nil {
		return reply{}, err
	}
	v, err := s.cfg.Bridge.Participant(ctx, c.who, cid, pid)
	if err != nil {
		return reply{}, err
	}
	if err := s.cfg.Bridge.Tell(ctx, c.who, cid, pid, bridge.Announcement{Sound: sound}); err != nil {
		return reply{}, err
	}
	return participantReply(v), nil
}

// handsJSON is the queue of raised hands.
type handsJSON struct {
	Participants []participantJSON `json:"participants"`
}

// listHands lists the raised hands in the order in which they went up.
func (s *Server) listHands(ctx context.Context, c *call) (reply, error) {
	cid, err := c.cid()
	if err != nil {
		return reply{}, err
	}
	if err := c.query(); err != nil {
		return reply{}, err
	}
	views, err := s.cfg.Bridge.Hands(ctx, c.who, cid)
	if err != nil {
		return reply{}, err
	}
	out := handsJSON{Participants: make([]participantJSON, 0, len(views))}
	for _, v := range views {
		out.Participants = append(out.Participants, showParticipant(v))
	}
	return reply{status: http.StatusOK, body: out}, nil
}
