package prompt

// Name of a prompt: a file's name in an overriding directory, without its
// ending.
type Name string

// The prompts, and what they say in English.
const (
	Invited          Name = "invited"           // You are invited to a conference call.
	InvitedTo        Name = "invited_to"        // You are invited to the conference:
	CallFrom         Name = "call_from"         // This is a call from:
	Press            Name = "press"             // Press
	ToJoin           Name = "to_join"           // to join.
	EnterPIN         Name = "enter_pin"         // Please enter your PIN, followed by the pound key.
	WrongKey         Name = "wrong_key"         // Sorry, that is not the right key.
	WrongPIN         Name = "wrong_pin"         // Sorry, that PIN is not correct.
	NoInput          Name = "no_input"          // Sorry, I did not get that.
	LastTry          Name = "last_try"          // This is your last try.
	Joining          Name = "joining"           // Thank you. You are now joining the conference.
	Goodbye          Name = "goodbye"           // Goodbye.
	NotJoined        Name = "not_joined"        // You were not added to the conference. Goodbye.
	TooManyTries     Name = "too_many_tries"    // Too many wrong PINs. Goodbye.
	Welcome          Name = "welcome"           // Welcome to the conference service.
	TryLater         Name = "try_later"         // Please try again later. Goodbye.
	YouAreMuted      Name = "you_are_muted"     // You are muted.
	Star6Unmute      Name = "star_6_unmute"     // To unmute yourself, press star six.
	Star6Mute        Name = "star_6_mute"       // To mute yourself, press star six.
	Star9Hand        Name = "star_9_hand"       // To raise your hand, press star nine.
	Star0Help        Name = "star_0_help"       // For help, press star zero.
	ListenOnly       Name = "listen_only"       // You can listen, but not speak.
	OnlyPerson       Name = "only_person"       // You are the only person in this conference.
	PeopleBefore     Name = "people_before"     // There are
	PeopleAfter      Name = "people_after"      // other people in the conference.
	OneOther         Name = "one_other"         // There is one other person in the conference.
	HasJoined        Name = "has_joined"        // has joined the conference.
	HasLeft          Name = "has_left"          // has left the conference.
	BeingRecorded    Name = "being_recorded"    // This conference is being recorded.
	RecordingStarted Name = "recording_started" // This conference is now being recorded.
	RecordingPaused  Name = "recording_paused"  // The recording is paused.
	RecordingResumed Name = "recording_resumed" // The recording has resumed.
	RecordingStopped Name = "recording_stopped" // The recording has ended.
	WaitingPresenter Name = "waiting_presenter" // The conference will begin when the presenter arrives. Please stay on the line.
	PresenterArrived Name = "presenter_arrived" // The presenter has arrived. The conference begins now.
	PresenterLeft    Name = "presenter_left"    // The presenter has left the conference.
	EndsIn           Name = "ends_in"           // This conference ends in
	Minutes          Name = "minutes"           // minutes.
	OneMinute        Name = "one_minute"        // one minute.
	Seconds          Name = "seconds"           // seconds.
	EndingNow        Name = "ending_now"        // This conference is ending now. Goodbye.
	LockedOut        Name = "locked_out"        // This conference is locked. Goodbye.
	Full             Name = "full"              // This conference is full. Goodbye.
	HasEnded         Name = "has_ended"         // This conference has ended. Goodbye.
	NotBegun         Name = "not_begun"         // This conference has not begun yet. Goodbye.
	Muted            Name = "muted"             // Muted.
	Unmuted          Name = "unmuted"           // Unmuted.
	MutedByHost      Name = "muted_by_host"     // You have been muted by the host.
	UnmutedByHost    Name = "unmuted_by_host"   // You can speak now.
	CannotUnmute     Name = "cannot_unmute"     // The host has muted you. You can not unmute yourself.
	CannotSpeak      Name = "cannot_speak"      // You can not speak in this conference. To raise your hand, press star nine.
	HandRaised       Name = "hand_raised"       // Your hand is raised.
	HandLowered      Name = "hand_lowered"      // Your hand is lowered.
	AllMuted         Name = "all_muted"         // Everyone is muted.
	AllUnmuted       Name = "all_unmuted"       // Everyone can speak again.
	Locked           Name = "locked"            // The conference is locked.
	Unlocked         Name = "unlocked"          // The conference is open.
	NotAllowed       Name = "not_allowed"       // Sorry, you can not do that.
	OnHold           Name = "on_hold"           // You are on hold.
	HelpListener     Name = "help_listener"     // To raise or lower your hand, press star nine.
	HelpSpeaker      Name = "help_speaker"      // To mute or unmute yourself, press star six. To raise or lower your hand, press star nine.
	HelpPresenter    Name = "help_presenter"    // To mute everyone else, press star five. To lock or unlock the conference, press star seven.
	Zero             Name = "zero"              // zero
	One              Name = "one"               // one
	Two              Name = "two"               // two
	Three            Name = "three"             // three
	Four             Name = "four"              // four
	Five             Name = "five"              // five
	Six              Name = "six"               // six
	Seven            Name = "seven"             // seven
	Eight            Name = "eight"             // eight
	Nine             Name = "nine"              // nine
	Ten              Name = "ten"               // ten
	Eleven           Name = "eleven"            // eleven
	Twelve           Name = "twelve"            // twelve
	Thirteen         Name = "thirteen"          // thirteen
	Fourteen         Name = "fourteen"          // fourteen
	Fifteen          Name = "fifteen"           // fifteen
	Sixteen          Name = "sixteen"           // sixteen
	Seventeen        Name = "seventeen"         // seventeen
	Eighteen         Name = "eighteen"          // eighteen
	Nineteen         Name = "nineteen"          // nineteen
	Twenty           Name = "twenty"            // twenty
	Thirty           Name = "thirty"            // thirty
	Forty            Name = "forty"             // forty
	Fifty            Name = "fifty"             // fifty
	Star             Name = "star"              // star
	Pound            Name = "pound"             // pound
)

// Names lists all prompts.
func Names() []Name {
	return []Name{
		Invited,
		InvitedTo,
		CallFrom,
		Press,
		ToJoin,
		EnterPIN,
		WrongKey,
		WrongPIN,
		NoInput,
		LastTry,
		Joining,
		Goodbye,
		NotJoined,
		TooManyTries,
		Welcome,
		TryLater,
		YouAreMuted,
		Star6Unmute,
		Star6Mute,
		Star9Hand,
		Star0Help,
		ListenOnly,
		OnlyPerson,
		PeopleBefore,
		PeopleAfter,
		OneOther,
		HasJoined,
		HasLeft,
		BeingRecorded,
		RecordingStarted,
		RecordingPaused,
		RecordingResumed,
		RecordingStopped,
		WaitingPresenter,
		PresenterArrived,
		PresenterLeft,
		EndsIn,
		Minutes,
		OneMinute,
		Seconds,
		EndingNow,
		LockedOut,
		Full,
		HasEnded,
		NotBegun,
		Muted,
		Unmuted,
		MutedByHost,
		UnmutedByHost,
		CannotUnmute,
		CannotSpeak,
		HandRaised,
		HandLowered,
		AllMuted,
		AllUnmuted,
		Locked,
		Unlocked,
		NotAllowed,
		OnHold,
		HelpListener,
		HelpSpeaker,
		HelpPresenter,
		Zero,
		One,
		Two,
		Three,
		Four,
		Five,
		Six,
		Seven,
		Eight,
		Nine,
		Ten,
		Eleven,
		Twelve,
		Thirteen,
		Fourteen,
		Fifteen,
		Sixteen,
		Seventeen,
		Eighteen,
		Nineteen,
		Twenty,
		Thirty,
		Forty,
		Fifty,
		Star,
		Pound,
	}
}
