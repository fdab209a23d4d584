package state

import (
	"crypto/rand"
	"encoding/binary"
	"strings"
	"sync"
	"time"
)

// Prefixes of the ids we make.
const (
	ConferenceID  = "conf_"
	ParticipantID = "part_"
	EventID       = "evt_"
	MessageID     = "msg_"
	SoundID       = "snd_"
	RecordingID   = "rec_"
)

// idLetters is Crockford's base 32 in lower case (the ULID specification uses
// the same letters in upper case).
const idLetters = "0123456789abcdefghjkmnpqrstvwxyz"

const idLength = 26 // letters of a ULID: 48 bits of milliseconds, 80 of chance

// NewID returns prefix and a fresh lower-case ULID. Ids of one process are
// strictly increasing, also when the clock stands still or jumps back, so that
// a listing by id is a listing by creation and an id can serve as a cursor.
func NewID(prefix string) string { return prefix + processIDs.next(time.Now()) }

// ValidID reports whether id is prefix followed by a lower-case ULID.
func ValidID(prefix, id string) bool {
	ulid, ok := strings.CutPrefix(id, prefix)
	if !ok || len(ulid) != idLength || ulid[0] > '7' { // 26 letters hold 130 bits, a ULID has 128
		return false
	}
	for i := range len(ulid) {
		if strings.IndexByte(idLetters, ulid[i]) < 0 {
			return false
		}
	}
	return true
}

// processIDs is shared by the whole process: the promise of NewID is about the
// process, and two sources could not keep it.
var processIDs idSource

// idSource makes increasing ULIDs. The zero value is ready.
type idSource struct {
	mu sync.Mutex
	ms uint64 // of the last id
	hi uint16 // upper 16 of the 80 bits
	lo uint64 // lower 64
}

func (s *idSource) next(now time.Time) string {
	var chance [10]byte
	rand.Read(chance[:]) // never fails since Go 1.24

	s.mu.Lock()
	defer s.mu.Unlock()
	if ms := uint64(max(0, now.UnixMilli())); ms > s.ms {
		s.ms = ms
		s.hi = binary.BigEndian.Uint16(chance[:2])
		s.lo = binary.BigEndian.Uint64(chance[2:])
	} else {
		s.step(1 + uint64(binary.BigEndian.Uint32(chance[:4])))
	}
	return encodeULID(s.ms, s.hi, s.lo)
}

// step moves on within a millisecond by a random stride, as the ULID
// specification's monotonic ids do, and borrows from the next when it is full.
func (s *idSource) step(stride uint64) {
	lo := s.lo + stride
	carry := lo < s.lo
	s.lo = lo
	if carry {
		s.hi++
		if s.hi == 0 {
			s.ms++
		}
	}
}

func encodeULID(ms uint64, hi uint16, lo uint64) string {
	var b [idLength]byte
	for i := 9; i >= 0; i-- {
		b[i] = idLetters[ms&31]
		ms >>= 5
	}
	for i := 25; i >= 10; i-- {
		b[i] = idLetters[lo&31]
		lo = lo>>5 | uint64(hi&31)<<59
		hi >>= 5
	}
	return string(b[:])
}
