package node

import (
	"partyline/bridge"
	"partyline/media"
)

// mixer lends package media's engine to the bridge.
type mixer struct{ engine *media.Engine }

func (m mixer) NewLeg(handler func(media.Event)) (bridge.Leg, error) {
	l, err := m.engine.NewLeg(handler)
	if err != nil {
		return nil, err
	}
	return l, nil
}

func (m mixer) NewRoom() bridge.Room { return m.engine.NewRoom() }
