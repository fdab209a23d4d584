package bridge

import (
	"errors"
	"log/slog"
	"time"

	"partyline/media"
	"partyline/media/prompt"
	"partyline/state"
)

// Config plugs a Bridge together. Store, Mixer, Dialer and PINKey are
// required; everything else has a working zero value.
type Config struct {
	Store     state.Store
	Mixer     Mixer
	Dialer    Dialer
	Texter    Texter        // nil: PINs cannot be sent, send_pin_via_sms is refused
	Voice     Voice         // nil: the built-in prompts
	Shelf     Shelf         // nil: sounds cannot be uploaded
	Recorder  Recorder      // nil: nothing can be recorded
	Language  string        // of prompts, where nobody says otherwise; "": en
	Retention time.Duration // of recordings, from their end; 0: 30 days
	Limits    Limits
	Dial      DialPolicy
	CallerIDs []string // verified numbers of the trunks; any other caller_id is refused
	// TellHold says whether a trunk's far ends are told of our hold by
	// re-INVITE; nil: never, hold is music from our mixer alone.
	TellHold func(trunk string) bool
	// SRTP says whether a trunk's sound is encrypted; nil: never.
	SRTP   func(trunk string) media.Security
	PINKey []byte       // HMAC key of at least 16 bytes, kept outside the database
	Log    *slog.Logger // nil: silence
}

// Limits are policy, raised by the operator. Zero takes the default.
type Limits struct {
	ParticipantsPerConference int           // not yet ended, at once; 1000
	RecordsPerConference      int           // listed, ended ones included; 10000
	AddsPerSecond             int           // per tenant, in any second; 10
	Subscribers               int           // event readers of one conference; 64
	Queued                    time.Duration // a participant waits this long for a trunk, then is rejected (capacity); 10 min
	Receptions                int           // callers at once who have not typed a PIN yet; 200
	Idle                      time.Duration // a conference with nobody in it is put away after this long; 30 s
}

// DialPolicy says which numbers may be rung, and how often.
type DialPolicy struct {
	RingTimeout    time.Duration // 60 s
	AllowCountries []string      // ISO 3166 codes; empty: US
	DenyPrefixes   []string      // E.164 beginnings that are never dialled
	AttemptsPerDay int           // INVITEs per tenant and UTC day; 0: no limit
	MinutesPerDay  int           // connected minutes per tenant and UTC day; 0: no limit
}

func (c *Config) complete() error {
	switch {
	case c.Store == nil:
		return errors.New("bridge: Config.Store is missing")
	case c.Mixer == nil:
		return errors.New("bridge: Config.Mixer is missing")
	case c.Dialer == nil:
		return errors.New("bridge: Config.Dialer is missing")
	case len(c.PINKey) < 16:
		return errors.New("bridge: Config.PINKey needs at least 16 bytes, kept outside the database")
	}
	if c.Voice == nil {
		c.Voice = prompt.Builtin()
	}
	if c.Language == "" {
		c.Language = "en"
	}
	setDefault(&c.Retention, 30*24*time.Hour)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	l := &c.Limits
	setDefault(&l.ParticipantsPerConference, 1000)
	setDefault(&l.RecordsPerConference, 10000)
	setDefault(&l.AddsPerSecond, 10)
	setDefault(&l.Subscribers, 64)
	setDefault(&l.Queued, 10*time.Minute)
	setDefault(&l.Receptions, 200)
	setDefault(&l.Idle, 30*time.Second)
	setDefault(&c.Dial.RingTimeout, time.Minute)
	if len(c.Dial.AllowCountries) == 0 {
		c.Dial.AllowCountries = []string{"US"}
	}
	return nil
}

func setDefault[T int | float64 | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}
