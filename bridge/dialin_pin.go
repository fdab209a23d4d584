package bridge

import (
	"strings"

	"partyline/state"
)

// opening is what a PIN typed by a caller opens: nothing, a participant's
// place, or the conference to everybody or to a moderator.
type opening struct {
	participant *member
	moderator   bool
	conference  bool
}

func (w opening) nothing() bool { return w == opening{} }

// whose compares a PIN with every one that a caller may type, to the last of
// them, whichever fits: how long it takes tells nothing.
//
// A personal PIN that was drawn for a phone that we ring is too short to be
// among them: a thousand of six digits would be guessed by somebody.
func (o *owner) whose(pin string) opening {
	var w opening
	s := o.b.newSealer()
	if s.same(o.conf.PINHash, o.id, pin) {
		w = opening{conference: true}
	}
	for _, m := range o.roll {
		if pinLength(m.rec.PINHash) >= personalDigits && s.same(m.rec.PINHash, m.rec.ID, pin) {
			w = opening{participant: m}
		}
	}
	if s.same(o.conf.ModeratorPINHash, o.id+moderatorSuffix, pin) {
		w = opening{moderator: true}
	}
	return w
}

// drawPIN draws a personal PIN: one that nobody else here has, where it can be
// typed by whoever calls in.
func (o *owner) drawPIN() string {
	if len(o.conf.DialInNumbers) == 0 {
		return newPIN(invitedDigits)
	}
	for {
		if pin := newPIN(personalDigits); o.whose(pin).nothing() {
			return pin
		}
	}
}

// apart refuses PINs that open two doors.
func (o *owner) apart(c *state.Conference, p ConferencePatch) *Error {
	if err := o.b.apart(c, p.PIN, p.DialIn.ModeratorPIN); err != nil {
		return err
	}
	if pin := p.DialIn.ModeratorPIN; pin != nil && *pin != "" && o.whose(*pin).participant != nil {
		return errModeratorPIN("choose another moderator's PIN: this one is taken")
	}
	return nil
}

// known tells whether a number is one that somebody asked to this conference.
func (o *owner) known(number string) bool {
	if number == "" {
		return false
	}
	for _, m := range o.roll {
		if m.rec.PhoneNumber == number && !m.rec.Inbound {
			return true
		}
	}
	return false
}

// callIn is how a text says that its reader may call, too.
func (o *owner) callIn() string {
	if len(o.conf.DialInNumbers) == 0 {
		return ""
	}
	return strings.Join([]string{" Or call ", o.conf.DialInNumbers[0], " and type it."}, "")
}
