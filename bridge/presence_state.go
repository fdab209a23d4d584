package bridge

// Presence is who is in a conference, as those who wait for a presenter see
// it: the states that conference bridges go through. It is found from the list
// of members each time and decides nothing.
type Presence string

const (
	PresenceEmpty       Presence = "empty"
	PresenceWaiting     Presence = "waiting"           // only people who wait for a presenter
	PresenceSingle      Presence = "single"            // one person, no presenter
	PresenceSingleHost  Presence = "single_presenter"  // one presenter
	PresenceSeveral     Presence = "several"           // people, no presenter among them
	PresenceSeveralHost Presence = "several_presenter" // people, a presenter among them
)

// presenceOf is the state of so many presenters, other people, and people who
// wait.
func presenceOf(hosts, others, waiting int) Presence {
	switch {
	case hosts == 1 && others == 0:
		return PresenceSingleHost
	case hosts > 0:
		return PresenceSeveralHost
	case others == 1:
		return PresenceSingle
	case others > 1:
		return PresenceSeveral
	case waiting > 0:
		return PresenceWaiting
	}
	return PresenceEmpty
}

func (o *owner) presence() Presence {
	hosts, others, waiting := 0, 0, 0
	for _, m := range o.roll {
		switch {
		case !m.live():
		case presides(m.rec.Role):
			hosts++
		case m.rec.Waiting:
			waiting++
		default:
			others++
		}
	}
	return presenceOf(hosts, others, waiting)
}
