package state

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

// Trigger is something that happened to a participant.
type Trigger string

const (
	Dial   Trigger = "dial"   // an INVITE goes out; from a terminal status only by explicit Redial
	Redial Trigger = "redial" // a person asked to try an ended participant again
	Defer  Trigger = "defer"  // the attempt failed and another will follow later
	Join   Trigger = "join"   // answered and accepted
	Hold   Trigger = "hold"
	Resume Trigger = "resume"
	End    Trigger = "end" // the far end, a timer or a person ended it
)
