package state

import "fmt"

// Status of a participant: six words and no seventh.
type Status string

const (
	Pending      Status = "pending"
	Dialing      Status = "dialing"
	Connected    Status = "connected"
	Held         Status = "held"
	Disconnected Status = "disconnected"
	Rejected     Status = "rejected"
)

// Statuses lists the six words in the order of a participant's life.
func Statuses() []Status {
	return []Status{Pending, Dialing, Connected, Held, Disconnected, Rejected}
}

// Valid reports whether s is one of the six words.
func (s Status) Valid() bool {
	switch s {
	case Pending, Dialing, Connected, Held, Disconnected, Rejected:
		return true
	}
	return false
}

// Terminal reports whether the attempt is over: only a Redial leads on.
func (s Status) Terminal() bool { return s == Disconnected || s == Rejected }

// Trigger is something that happened to a participant.
type Trigger string

const (
	Dial     Trigger = "dial"   // an INVITE goes out; never from a terminal status
	Redial   Trigger = "redial" // a person asked to try an ended participant again
	TryAgain Trigger = "retry"  // the INVITE failed and the next goes out at once
	Defer    Trigger = "defer"  // the INVITE failed and another will follow later
	Attach   Trigger = "attach" // media of a browser flows; no phone was rung
	Join     Trigger = "join"   // answered and accepted
	Hold     Trigger = "hold"
	Resume   Trigger = "resume"
	End      Trigger = "end" // the far end, a timer or a person ended it
)

// Triggers lists everything that can happen to a participant.
func Triggers() []Trigger {
	return []Trigger{Dial, Redial, TryAgain, Defer, Attach, Join, Hold, Resume, End}
}

// IllegalTransition says that a trigger has no meaning in a status.
type IllegalTransition struct {
	From    Status
	Trigger Trigger
}

func (e *IllegalTransition) Error() string {
	return fmt.Sprintf("state: %q is not possible while %q", e.Trigger, e.From)
}

// Next is the whole life of a participant: the status that follows from when
// t happens. What has no place in the life is an *IllegalTransition, and then
// the status returned is from itself.
func Next(from Status, t Trigger) (Status, error) {
	switch from {
	case Pending:
		switch t {
		case Dial:
			return Dialing, nil
		case Attach:
			return Connected, nil
		case End:
			return Rejected, nil
		}
	case Dialing:
		switch t {
		case TryAgain:
			return Dialing, nil
		case Defer:
			return Pending, nil
		case Join:
			return Connected, nil
		case End:
			return Rejected, nil
		}
	case Connected:
		switch t {
		case Hold:
			return Held, nil
		case End:
			return Disconnected, nil
		}
	case Held:
		switch t {
		case Resume:
			return Connected, nil
		case End:
			return Disconnected, nil
		}
	case Disconnected, Rejected:
		if t == Redial {
			return Dialing, nil
		}
	}
	return from, &IllegalTransition{From: from, Trigger: t}
}
