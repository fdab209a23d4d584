package bridge

import (
	"maps"
	"slices"

	"partyline/state"
)

const (
	maxDialIn       = 100 // numbers of one conference
	personalDigits  = 8   // of a personal PIN that may be typed by whoever calls in
	invitedDigits   = 6   // of one that only the phone we ring may type
	leastModerator  = 6
	moderatorSuffix = "/moderator" // of what a moderator's PIN is sealed for
)

// called says whose a number is that people call.
type called struct {
	conference string
	over       bool // it has ended: the number is free, and tells so until another takes it
}

// claim gives a conference these numbers and no others; each belongs to one
// conference that has not ended, of whatever tenant.
func (b *Bridge) claim(cid string, numbers []string) *Error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, n := range numbers {
		if c, taken := b.numbers[n]; taken && c.conference != cid && !c.over {
			return refuse(Conflict, "number_taken", "dial_in.numbers", "%s belongs to another conference", maskNumber(n))
		}
	}
	maps.DeleteFunc(b.numbers, func(_ string, c called) bool { return c.conference == cid })
	for _, n := range numbers {
		b.numbers[n] = called{conference: cid}
	}
	return nil
}

// closeNumbers lets another conference have the numbers of one that has ended.
func (b *Bridge) closeNumbers(cid string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for n, c := range b.numbers {
		if c.conference == cid {
			b.numbers[n] = called{cid, true}
		}
	}
}

// freeNumbers forgets the numbers of a conference that is gone. It is called
// with the lock held.
func (b *Bridge) freeNumbers(cid string) {
	maps.DeleteFunc(b.numbers, func(_ string, c called) bool { return c.conference == cid })
}

// enterNumbers puts the numbers of a conference into the index, oldest
// conference first. It is called with the lock held.
func (b *Bridge) enterNumbers(c *state.Conference) {
	over := c.Status == state.ConferenceEnded
	for _, n := range c.DialInNumbers {
		if old, taken := b.numbers[n]; !taken || old.over {
			b.numbers[n] = called{c.ID, over}
		}
	}
}

// conferenceOf is the conference that a called number reaches, "" for none.
func (b *Bridge) conferenceOf(number string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.numbers[number].conference
}

// apply has a conference called as asked.
func (d *DialInSpec) apply(b *Bridge, c *state.Conference) *Error {
	if d.Numbers != nil {
		if err := checkDialIn(*d.Numbers); err != nil {
			return err
		}
		c.DialInNumbers = slices.Clone(*d.Numbers)
	}
	if d.Role != nil {
		if r := *d.Role; r != "" && (!KnownRole(r) || r == state.RoleOperator) {
			return refuse(Invalid, "unknown_role", "dial_in.role", "who calls in is a presenter, a participant or a listener")
		}
		c.DialInRole = *d.Role
	}
	if d.ModeratorPIN == nil {
		return nil
	}
	pin := *d.ModeratorPIN
	if pin == "" {
		c.ModeratorPINHash = nil
		return nil
	}
	if len(pin) < leastModerator || len(pin) > longestPIN || !allDigits(pin) {
		return errModeratorPIN("a moderator's PIN has %d to %d digits", leastModerator, longestPIN)
	}
	c.ModeratorPINHash = b.sealPIN(c.ID+moderatorSuffix, pin)
	return nil
}

// apart refuses a PIN and a moderator's PIN that are the same: nil is one that
// stays as it is.
func (b *Bridge) apart(c *state.Conference, pin, moderator *string) *Error {
	if pin != nil && b.samePIN(c.ModeratorPINHash, c.ID+moderatorSuffix, *pin) ||
		moderator != nil && *moderator != "" && b.samePIN(c.PINHash, c.ID, *moderator) {
		return errModeratorPIN("the moderator's PIN and the conference's must not be the same")
	}
	return nil
}

func errModeratorPIN(format string, args ...any) *Error {
	return refuse(Invalid, "invalid_pin", "dial_in.moderator_pin", format, args...)
}

func checkDialIn(numbers []string) *Error {
	if len(numbers) > maxDialIn {
		return refuse(Invalid, "out_of_range", "dial_in.numbers", "at most %d numbers", maxDialIn)
	}
	for i, n := range numbers {
		if !e164.MatchString(n) {
			return refuse(Invalid, "invalid_number", "dial_in.numbers",
				"a phone number is written in E.164: a plus sign, the country code and the number, at most 15 digits")
		}
		if slices.Contains(numbers[:i], n) {
			return refuse(Invalid, "invalid_number", "dial_in.numbers", "a number is named twice")
		}
	}
	return nil
}
