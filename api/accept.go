package api

import "partyline/state"

// decodeAccept reads accept: the mode alone as a string, or an object.
func decodeAccept(o *object) *state.Accept {
	raw, ok := o.fields["accept"]
	if ok && raw[0] == '"' {
		mode := o.word("accept", acceptModes...)
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
		Mode:     state.AcceptMode(deref(in.word("mode", acceptModes...))),
		Key:      deref(in.word("key", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "#")),
		Timeout:  deref(in.seconds("timeout", 1, 120)),
		Tries:    deref(in.whole("tries", 1, 10)),
		Machines: deref(in.flag("machine_detection")),
		SoundID:  deref(in.soundID("sound_id")),
	}
	in.leftovers()
	return &a
}

var acceptModes = []string{string(state.AcceptNone), string(state.AcceptPressKey), string(state.AcceptPIN)}

// acceptJSON is how somebody is let in, as callers see it.
type acceptJSON struct {
	Mode             string  `json:"mode"`
	Key              *string `json:"key"`
	Timeout          int     `json:"timeout"`
	Tries            int     `json:"tries"`
	MachineDetection bool    `json:"machine_detection"`
	SoundID          *string `json:"sound_id"`
}

func showAccept(a state.Accept) acceptJSON {
	mode := a.Mode
	if mode == "" {
		mode = state.AcceptNone
	}
	return acceptJSON{Mode: string(mode), Key: orNull(a.Key), Timeout: wholeSeconds(a.Timeout), Tries: a.Tries,
		MachineDetection: a.Machines, SoundID: orNull(a.SoundID)}
}
