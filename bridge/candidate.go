package bridge

import (
	"slices"
	"time"

	"partyline/state"
)

// vacancy refuses when the conference takes nobody more.
func (o *owner) vacancy() *Error {
	active := 0
	for _, m := range o.roll {
		if !m.rec.Status.Terminal() {
			active++
		}
	}
	switch {
	case o.conf.Status == state.ConferenceEnded || o.conf.Status == state.ConferenceEnding:
		return errEnded()
	case active >= o.conf.MaxParticipants || active >= o.b.cfg.Limits.ParticipantsPerConference:
		return refuse(Conflict, "conference_full", "", "the conference has its %d participants (max_participants)", active)
	}
	return nil
}

// newcomer is a participant to be, and the PIN to be sent to them.
type newcomer struct {
	state.Participant
	pin string
}

// candidate turns a request into a record, or refuses it. It changes nothing.
func (o *owner) candidate(s ParticipantSpec) (*newcomer, *Error) {
	if err := o.vacancy(); err != nil {
		return nil, err
	}
	if o.conf.Locked {
		return nil, refuse(Conflict, "conference_locked", "", "the conference is locked")
	}
	if len(o.roll) >= o.b.cfg.Limits.RecordsPerConference {
		return nil, refuse(Conflict, "conference_full", "", "the conference has a history of %d participants and keeps no more", len(o.roll))
	}
	if err := o.b.checkSpec(o.conf.TenantID, &s); err != nil {
		return nil, err
	}
	if o.tenant.isSuppressed(s.PhoneNumber) {
		return nil, refuse(Invalid, "suppressed", "phone_number", "this number has asked not to be called")
	}
	if err := o.tenant.overspent(time.Now(), &o.b.cfg.Dial); err != nil {
		return nil, err
	}
	p := &newcomer{Participant: state.Participant{
		ID: state.NewID(state.ParticipantID), ConferenceID: o.id, TenantID: o.conf.TenantID,
		PhoneNumber: s.PhoneNumber, Name: s.Name, ExternalID: s.ExternalID, Role: s.Role, RequestKey: s.RequestKey,
		Status: state.Pending, Muted: s.Muted, RingTimeout: s.RingTimeout, CallerID: s.CallerID,
		Retry: s.Retry, DialAfter: s.DialAfter, SendPIN: s.SendPINViaSMS, CreatedAt: now(),
		Language: s.Language, NameSoundID: s.NameSoundID, MaxDuration: s.MaxDuration, Waits: s.Waits, EndsWith: s.EndsWith,
	}}
	accept := o.conf.Accept
	if s.Accept != nil {
		accept = *s.Accept
	}
	if o.conf.RequirePIN || s.SendPINViaSMS {
		accept.Mode = state.AcceptPIN
	}
	p.Accept = acceptance(accept)
	if s.SendPINViaSMS {
		p.pin = o.drawPIN()
		p.PINHash = o.b.sealPIN(p.ID, p.pin)
	} else if p.Accept.Mode == state.AcceptPIN && o.conf.PINHash == nil {
		return nil, refuse(Invalid, "pin_missing", "send_pin_via_sms",
			"a PIN is asked for, but the conference has none: give it one, or send a personal one by SMS")
	}
	if !Can(p.Role, MayMuteOthers) && o.conf.MuteOnEntry {
		p.Muted = true
	}
	return p, nil
}

// checkSpec holds a request against the policy and fills in defaults.
func (b *Bridge) checkSpec(tenant string, s *ParticipantSpec) *Error {
	number, err := b.cfg.Dial.ParseNumber(s.PhoneNumber)
	if err != nil {
		return err
	}
	s.PhoneNumber = number
	if s.Role == "" {
		s.Role = state.RoleListener
	}
	if s.DialAfter == "" {
		s.DialAfter = state.DialNow
	}
	if s.CallerID == "" && len(b.cfg.CallerIDs) > 0 {
		s.CallerID = b.cfg.CallerIDs[0]
	}
	if err := checkText("name", s.Name, maxName); err != nil {
		return err
	}
	if err := checkText("external_id", s.ExternalID, maxExternalID); err != nil {
		return err
	}
	if s.Accept != nil {
		if err := checkAccept(*s.Accept); err != nil {
			return err
		}
	}
	switch {
	case !KnownRole(s.Role):
		return refuse(Invalid, "unknown_role", "role", "a role is presenter, listener, participant or operator")
	case s.RingTimeout != 0 && (s.RingTimeout < minRing || s.RingTimeout > maxRing):
		return refuse(Invalid, "out_of_range", "ring_timeout", "ring_timeout is 5 to 600 seconds")
	case s.NameSoundID != "" && !b.knowsSound(tenant, s.NameSoundID):
		return errUnknownSound("name_sound_id")
	case s.Accept != nil && s.Accept.SoundID != "" && !b.knowsSound(tenant, s.Accept.SoundID):
		return errUnknownSound("accept.sound_id")
	case s.MaxDuration < 0 || s.MaxDuration > maxMaxDuration:
		return refuse(Invalid, "out_of_range", "max_duration", "max_duration is at most 7 days")
	case s.Language != "" && !b.cfg.Voice.Speaks(s.Language):
		return errLanguage("language")
	case s.CallerID != "" && !slices.Contains(b.cfg.CallerIDs, s.CallerID):
		return refuse(Invalid, "caller_id_not_verified", "caller_id", "caller_id is none of the verified numbers of the trunks")
	case s.Retry.Attempts < 0 || s.Retry.Attempts > maxRetries:
		return refuse(Invalid, "out_of_range", "retry.attempts", "at most %d attempts", maxRetries)
	case s.Retry.Delay < 0 || s.Retry.Delay > maxRetryDelay:
		return refuse(Invalid, "out_of_range", "retry.delay", "retry.delay is at most 24 hours")
	case s.SendPINViaSMS && b.cfg.Texter == nil:
		return refuse(Invalid, "sms_not_configured", "send_pin_via_sms", "no SMS provider is configured")
	case s.DialAfter != state.DialNow && s.DialAfter != state.DialSMSSent && s.DialAfter != state.DialSMSDelivered:
		return refuse(Invalid, "invalid_dial_after", "dial_after", "dial_after is now, sms_sent or sms_delivered")
	case s.DialAfter != state.DialNow && !s.SendPINViaSMS:
		return refuse(Invalid, "invalid_dial_after", "dial_after", "dial_after waits for a text that send_pin_via_sms does not ask for")
	}
	return nil
}
