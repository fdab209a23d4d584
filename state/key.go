package state

import (
	"fmt"
	"strconv"
	"strings"
)

// Prefixes that list one kind of record.
const (
	TenantPrefix     = "tenant/"
	APIKeyPrefix     = "key/"
	ConferencePrefix = "conf/"
	MessagePrefix    = "msg/"
	GuessPrefix      = "guess/"
	RecordingsPrefix = recordingKind // of all conferences
	SoundsPrefix     = soundKind     // of all tenants

	participantKind = "part/"
	eventKind       = "event/"
	replyKind       = "idem/"
	soundKind       = "sound/"
	recordingKind   = "rec/"
)

func TenantKey(tenant string) string    { return TenantPrefix + tenant }
func APIKeyKey(id string) string        { return APIKeyPrefix + id }
func ConferenceKey(cid string) string   { return ConferencePrefix + cid }
func MessageKey(mid string) string      { return MessagePrefix + mid }
func ParticipantPrefix(c string) string { return participantKind + c + "/" }
func EventPrefix(cid string) string     { return eventKind + cid + "/" }
func ReplyPrefix(tenant string) string  { return replyKind + tenant + "/" }
func SoundPrefix(tenant string) string  { return soundKind + tenant + "/" }
func RecordingPrefix(c string) string   { return recordingKind + c + "/" }

func ParticipantKey(cid, pid string) string { return ParticipantPrefix(cid) + pid }
func ReplyKey(tenant, hash string) string   { return ReplyPrefix(tenant) + hash }
func SoundKey(tenant, id string) string     { return SoundPrefix(tenant) + id }
func RecordingKey(cid, rid string) string   { return RecordingPrefix(cid) + rid }
func GuessKey(who string) string            { return GuessPrefix + who }

// EventKey pads seq to 16 digits, so that keys sort as numbers do.
func EventKey(cid string, seq uint64) string {
	return fmt.Sprintf("%s%016d", EventPrefix(cid), seq)
}

// KeyKind is the first word of a key.
type KeyKind string

const (
	KindTenant      KeyKind = "tenant"
	KindAPIKey      KeyKind = "key"
	KindConference  KeyKind = "conf"
	KindParticipant KeyKind = "part"
	KindEvent       KeyKind = "event"
	KindMessage     KeyKind = "msg"
	KindReply       KeyKind = "idem"
	KindSound       KeyKind = "sound"
	KindRecording   KeyKind = "rec"
	KindGuess       KeyKind = "guess"
)

// KeyParts is a key taken apart.
type KeyParts struct {
	Kind  KeyKind
	Owner string // the conference of a participant, event or recording, the tenant of a reply or sound
	ID    string // "" of an event
	Seq   uint64 // of an event
}

// ParseKey takes a key apart; joining the parts again gives the same key. It
// refuses what the functions above do not make; ErrUnknownKind when it begins
// with another word.
func ParseKey(key string) (KeyParts, error) {
	bad := func(why string) (KeyParts, error) {
		return KeyParts{}, fmt.Errorf("state: key %.80q: %s", key, why)
	}
	kind, rest, _ := strings.Cut(key, "/")
	p := KeyParts{Kind: KeyKind(kind)}
	switch p.Kind {
	case KindTenant, KindAPIKey, KindConference, KindMessage, KindGuess:
		p.ID = rest
	case KindParticipant, KindEvent, KindReply, KindSound, KindRecording:
		p.Owner, p.ID, _ = strings.Cut(rest, "/")
		if p.Owner == "" {
			return bad("names no owner")
		}
	default:
		return KeyParts{}, fmt.Errorf("%w: key %.80q", ErrUnknownKind, key)
	}
	if p.ID == "" {
		return bad("names no record")
	}
	if strings.Contains(p.ID, "/") {
		return bad("has too many parts")
	}
	if p.Kind == KindEvent {
		seq, err := strconv.ParseUint(p.ID, 10, 64)
		if err != nil || len(p.ID) != 16 {
			return bad("the sequence number is not 16 digits")
		}
		p.ID, p.Seq = "", seq
	}
	return p, nil
}

// String joins the parts to the key they came from.
func (p KeyParts) String() string {
	switch p.Kind {
	case KindEvent:
		return EventKey(p.Owner, p.Seq)
	case KindParticipant, KindReply, KindSound, KindRecording:
		return string(p.Kind) + "/" + p.Owner + "/" + p.ID
	}
	return string(p.Kind) + "/" + p.ID
}
