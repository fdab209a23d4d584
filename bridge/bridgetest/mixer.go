package bridgetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"partyline/bridge"
	"partyline/media"
)

// Mixer is a bridge.Mixer without sound.
type Mixer struct {
	mu    sync.Mutex
	next  media.LegID
	legs  map[media.LegID]*Leg
	rooms map[*Room]bool
	full  bool
	said  []string                 // to rooms, closed ones too
	told  map[media.LegID][]string // to legs
}

// NewMixer makes a mixer with no legs.
func NewMixer() *Mixer {
	return &Mixer{legs: map[media.LegID]*Leg{}, told: map[media.LegID][]string{}, rooms: map[*Room]bool{}}
}

// Full makes NewLeg fail as it does when no port is left.
func (m *Mixer) Full(on bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.full = on
}

// Legs and Rooms count what is open.
func (m *Mixer) Legs() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.legs)
}

// Rooms counts the open rooms.
func (m *Mixer) Rooms() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.rooms)
}

// NewLeg implements bridge.Mixer.
func (m *Mixer) NewLeg(handler func(media.Event)) (bridge.Leg, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.full {
		return nil, errors.New("no ports left")
	}
	m.next++
	l := &Leg{mixer: m, id: m.next, handler: handler}
	m.legs[l.id] = l
	return l, nil
}

// NewRoom implements bridge.Mixer.
func (m *Mixer) NewRoom() bridge.Room {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := &Room{mixer: m}
	m.rooms[r] = true
	return r
}

// Leg is a bridge.Leg that remembers what it was told.
type Leg struct {
	mixer   *Mixer
	id      media.LegID
	handler func(media.Event)
	room    *Room
	audio   media.Audio
	ending  *time.Timer
	closed  bool
	hold    bool

	security media.Security
	keyless  bool
	heard    []Heard
}

// Heard is a clip that began to play to a leg alone.
type Heard struct {
	At   time.Time
	Name string
}

// Heard lists what has been played to the leg alone, oldest first, also after
// its end.
func (l *Leg) Heard() []Heard {
	l.mixer.mu.Lock()
	defer l.mixer.mu.Unlock()
	return slices.Clone(l.heard)
}

// ID implements bridge.Leg.
func (l *Leg) ID() media.LegID { return l.id }

// Offer implements bridge.Leg: the description names the leg.
func (l *Leg) Offer() ([]byte, error) {
	l.mixer.mu.Lock()
	defer l.mixer.mu.Unlock()
	if l.hold {
		return fmt.Appendf(nil, "sendonly offer of leg %d", l.id), nil
	}
	if l.security != media.SRTPOff {
		return fmt.Appendf(nil, "offer of leg %d, srtp %s", l.id, l.security), nil
	}
	return fmt.Appendf(nil, "offer of leg %d", l.id), nil
}

// Accept implements bridge.Leg. An answer with the word "bad" has no codec in
// common.
func (l *Leg) Accept(answer []byte) (media.Direction, error) {
	l.mixer.mu.Lock()
	security := l.security
	l.keyless = strings.Contains(string(answer), "nokeys")
	l.mixer.mu.Unlock()
	if security == media.SRTPRequired && strings.Contains(string(answer), "plain") {
		return 0, media.ErrNotEncrypted
	}
	return direction(answer)
}

// Answer implements bridge.Leg. "hold" in the offer asks for recvonly,
// "inactive" for inactive, "bad" cannot be answered.
func (l *Leg) Answer(offer []byte) ([]byte, media.Direction, error) {
	l.mixer.mu.Lock()
	l.keyless = strings.Contains(string(offer), "nokeys")
	l.mixer.mu.Unlock()
	dir, err := direction(offer)
	return fmt.Appendf(nil, "answer of leg %d", l.id), dir, err
}

func direction(sdp []byte) (media.Direction, error) {
	switch s := string(sdp); {
	case strings.Contains(s, "bad"):
		return 0, errors.New("no codec in common")
	case strings.Contains(s, "hold"):
		return media.RecvOnly, nil
	case strings.Contains(s, "inactive"):
		return media.Inactive, nil
	}
	return media.SendRecv, nil
}

// Secure implements bridge.Leg: the next offer says how it is encrypted, and
// where that is required an answer with the word "plain" is refused.
func (l *Leg) Secure(wanted media.Security) error {
	l.mixer.mu.Lock()
	defer l.mixer.mu.Unlock()
	l.security = wanted
	return nil
}

// Security is what the leg was told of encryption last.
func (l *Leg) Security() media.Security {
	l.mixer.mu.Lock()
	defer l.mixer.mu.Unlock()
	return l.security
}

// Digits implements bridge.Leg: an answer with the word "nokeys" has no events.
func (l *Leg) Digits() bool {
	l.mixer.mu.Lock()
	defer l.mixer.mu.Unlock()
	return !l.keyless
}

// Hold implements bridge.Leg: the next offer says "sendonly".
func (l *Leg) Hold(on bool) {
	l.mixer.mu.Lock()
	defer l.mixer.mu.Unlock()
	l.hold = on
}

// SetAudio implements bridge.Leg.
func (l *Leg) SetAudio(a media.Audio) {
	l.mixer.mu.Lock()
	defer l.mixer.mu.Unlock()
	l.set(a)
}

// set is called with the mixer's lock held.
func (l *Leg) set(a media.Audio) {
	if l.closed {
		return
	}
	if a.Play != l.audio.Play {
		if l.ending != nil {
			l.ending.Stop()
			l.ending = nil
		}
		if p := a.Play; p != nil {
			l.heard = append(l.heard, Heard{time.Now(), p.Clip.Name})
		}
		if p := a.Play; p != nil && !p.Loop {
			l.mixer.told[l.id] = append(l.mixer.told[l.id], p.Clip.Name)
			length := time.Duration(len(p.Clip.PCM)) * time.Second / 8000
			l.ending = time.AfterFunc(length, func() {
				l.handler(media.Event{Leg: l.id, Kind: media.EventPlayed, Play: p})
			})
		}
	}
	l.audio = a
}

// Stats implements bridge.Leg.
func (l *Leg) Stats() media.Stats {
	return media.Stats{Codec: "PCMU", Received: 50, Lost: 1, Jitter: 3 * time.Millisecond}
}

// Close implements bridge.Leg.
func (l *Leg) Close() {
	l.mixer.mu.Lock()
	defer l.mixer.mu.Unlock()
	l.set(media.Audio{})
	l.closed = true
	l.room = nil
	delete(l.mixer.legs, l.id)
}

// Audio is what the leg was last given.
func (l *Leg) Audio() media.Audio {
	l.mixer.mu.Lock()
	defer l.mixer.mu.Unlock()
	return l.audio
}

// InRoom tells whether the leg has joined a room.
func (l *Leg) InRoom() bool {
	l.mixer.mu.Lock()
	defer l.mixer.mu.Unlock()
	return l.room != nil && !l.closed
}

// Closed tells whether the leg was closed.
func (l *Leg) Closed() bool {
	l.mixer.mu.Lock()
	defer l.mixer.mu.Unlock()
	return l.closed
}

// Press types keys on the phone, as RFC 4733 events.
func (l *Leg) Press(keys string) {
	for _, key := range []byte(keys) {
		l.Happens(media.Event{Kind: media.EventDigit, Digit: key, Duration: 100 * time.Millisecond})
	}
}

// Happens delivers an event of this leg.
func (l *Leg) Happens(e media.Event) {
	if l.Closed() {
		return
	}
	e.Leg = l.id
	l.handler(e)
}

// Room is a bridge.Room that remembers what it was told.
type Room struct {
	mixer   *Mixer
	updates int
	played  []*media.Clip
	comfort bool
	tap     *media.Tap
}

// Update implements bridge.Room.
func (r *Room) Update(changes ...media.Change) {
	r.mixer.mu.Lock()
	defer r.mixer.mu.Unlock()
	if !r.mixer.rooms[r] {
		return
	}
	r.updates++
	for _, c := range changes {
		if l := r.mixer.legs[c.Leg]; l != nil {
			l.room = r
			l.set(c.Audio)
		}
	}
}

// Play implements bridge.Room.
func (r *Room) Play(c *media.Clip) {
	r.mixer.mu.Lock()
	defer r.mixer.mu.Unlock()
	r.played = append(r.played, c)
}

// Say implements bridge.Room.
func (r *Room) Say(c *media.Clip) {
	r.mixer.mu.Lock()
	defer r.mixer.mu.Unlock()
	r.mixer.said = append(r.mixer.said, c.Name)
}

// Comfort implements bridge.Room.
func (r *Room) Comfort(on bool) {
	r.mixer.mu.Lock()
	defer r.mixer.mu.Unlock()
	r.comfort = on
}

// Record implements bridge.Room.
func (r *Room) Record(t *media.Tap) {
	r.mixer.mu.Lock()
	defer r.mixer.mu.Unlock()
	r.tap = t
}

// Release implements bridge.Room.
func (r *Room) Release(t *media.Tap) {
	r.mixer.mu.Lock()
	defer r.mixer.mu.Unlock()
	if r.tap == t {
		r.tap = nil
	}
}

// Close implements bridge.Room.
func (r *Room) Close() {
	r.mixer.mu.Lock()
	defer r.mixer.mu.Unlock()
	delete(r.mixer.rooms, r)
	for _, l := range r.mixer.legs {
		if l.room == r {
			l.room = nil
			l.set(media.Audio{})
		}
	}
}

// Said lists what was said to any room, oldest first: clips' names.
func (m *Mixer) Said() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.said...)
}

// Taps counts the rooms whose sound flows into a tap.
func (m *Mixer) Taps() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for r := range m.rooms {
		if r.tap != nil {
			n++
		}
	}
	return n
}

// Played lists the clips played into any room, oldest first.
func (m *Mixer) Played() []*media.Clip {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []*media.Clip
	for r := range m.rooms {
		out = append(out, r.played...)
	}
	return out
}

// heard lists what was played to the leg that made an offer.
func (m *Mixer) heard(offer []byte) []string {
	var id media.LegID
	_, ours, found := strings.Cut(string(offer), " of leg ")
	if _, err := fmt.Sscanf(ours, "%d", &id); err != nil || !found {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.told[id]...)
}

// leg finds an open leg by the offer or answer it made.
func (m *Mixer) leg(offer []byte) *Leg {
	var id media.LegID
	_, ours, found := strings.Cut(string(offer), " of leg ")
	if _, err := fmt.Sscanf(ours, "%d", &id); err != nil || !found {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.legs[id]
}
