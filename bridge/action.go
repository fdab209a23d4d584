package bridge

// Action is something done to one participant.
type Action string

const (
	Mute       Action = "mute"
	Unmute     Action = "unmute"
	Hold       Action = "hold"
	Resume     Action = "resume"
	Disconnect Action = "disconnect" // ends the call; the participant can be redialled
	Redial     Action = "redial"     // a new attempt for one that has ended
	Admit      Action = "admit"      // lets in whoever is being asked for a key or PIN, or waits for the presenter
	Promote    Action = "promote"    // a listener becomes a participant, may speak, and their hand goes down
	LowerHand  Action = "lower-hand"
)

// BulkKind is something done to a whole conference.
type BulkKind string

const (
	MuteAll       BulkKind = "mute-all" // never operators or presenters; a standing order for those who join later
	UnmuteAll     BulkKind = "unmute-all"
	LockAll       BulkKind = "lock"
	UnlockAll     BulkKind = "unlock"
	DisconnectAll BulkKind = "disconnect-all"
	Announce      BulkKind = "announce"
)

// BulkAction is a BulkKind with what it needs.
type BulkAction struct {
	Kind        BulkKind
	AllowUnmute bool   // mute-all: people may lift it themselves with *6
	Sound       string // announce: see Announcement
}

// Announcement is something to be heard: "chime" (default), "beep", the id of
// an uploaded sound, or "prompt:" and a prompt's name.
type Announcement struct {
	Sound string
}
