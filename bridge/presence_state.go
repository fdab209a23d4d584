package bridge

// Presence is who is in a conference, as those who wait for a presenter see it.
type Presence string

const (
	PresenceEmpty       Presence = "empty"
	PresenceWaiting     Presence = "waiting"           // only people who wait for a presenter
	PresenceSingle      Presence = "single"            // one person, no presenter
	PresenceSingleHost  Presence = "single_presenter"  // one presenter
	PresenceSeveral     Presence = "several"           // people, no presenter among them
	PresenceSeveralHost Presence = "several_presenter" // people, a presenter among them
)
