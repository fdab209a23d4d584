package bridge

import "partyline/state"

// effective is the rule of who speaks and who hears, from the independent
// bits. Nothing else decides it.
func effective(p *state.Participant) Effective {
	connected := p.Status == state.Connected || p.Status == state.Held
	held := p.Held || p.HeldRemote
	muted := p.Muted || p.MutedBy != ""
	e := Effective{
		Speaks: connected && Can(p.Role, MaySpeak) && !muted && !held && !p.Waiting && !p.InPrompt,
		Hears:  connected && Can(p.Role, MayHear) && !held && !p.InPrompt,
	}
	if e.Speaks && e.Hears {
		return e
	}
	switch {
	case !connected && p.InPrompt:
		e.Because = "in_prompt"
	case !connected:
		e.Because = "not_connected"
	case p.InPrompt:
		e.Because = "in_prompt"
	case p.Held:
		e.Because = "held"
	case p.HeldRemote:
		e.Because = "held_remote"
	case p.Waiting:
		e.Because = "waiting"
	case !Can(p.Role, MaySpeak):
		e.Because = "role"
	case p.MutedBy != "":
		e.Because = "muted_by_moderator"
	default:
		e.Because = "muted"
	}
	return e
}
