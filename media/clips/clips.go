// Package clips takes in sound that people bring: it reads their files, holds
// them against limits, brings them to what the mixer plays, and keeps them.
package clips

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"partyline/media"
)

// ErrBadSound: the file is no sound that can be read, or too long, or empty.
var ErrBadSound = errors.New("clips: not a sound that can be used")

// Limits of an upload.
const (
	MaxBytes  = 20 << 20
	MaxLength = 10 * time.Minute
)

// Decode reads a whole file: WAV (linear of 8 to 32 bits, floating point,
// A-law, µ-law), FLAC, MP3 (MPEG-1 and 2), or Ogg with Vorbis or Opus; of one
// channel or several, which are mixed, at 8 to 192 kHz. The clip is at the
// level of speech, at 8 and 16 kHz. Source is "wav", "flac", "mp3" or "ogg".
// Errors wrap ErrBadSound and say what is wrong; one of the reader itself is
// given as it is.
func Decode(r io.Reader) (clip *media.Clip, source string, err error) {
	file, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, "", err
	}
	if len(file) > MaxBytes {
		return nil, "", bad("the file is larger than %d MB", MaxBytes>>20)
	}
	// The file is here, however slowly it came; only now others may wait.
	turns <- struct{}{}
	defer func() { <-turns }()
	source, decode := recognise(file)
	if decode == nil {
		return nil, "", bad("%s", source)
	}
	in := &intake{}
	if err := guarded(decode, file, in); err != nil {
		return nil, "", fmt.Errorf("%w: %s: %w", ErrBadSound, source, err)
	}
	wide, err := in.end()
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrBadSound, err)
	}
	if err := level(wide, speechLevel); err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrBadSound, err)
	}
	clip, err = Both(source, quantise(wide))
	return clip, source, err
}

// turns bounds how many files are decoded at the same time. The worst of them
// takes some seconds and 150 MB, and packets must go out meanwhile.
var turns = make(chan struct{}, 2)

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrBadSound, fmt.Sprintf(format, args...))
}

// guarded runs a decoder. The libraries behind some of them are not ours:
// should one of them panic on a hostile file, that file is bad and no more.
func guarded(decode decoder, file []byte, in *intake) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New("the file is damaged")
		}
	}()
	return decode(file, in)
}

// decoder reads a whole file into an intake.
type decoder func(file []byte, in *intake) error

// recognise tells by its first bytes what a file is. When it cannot be read
// there is no decoder and the text says why.
func recognise(file []byte) (string, decoder) {
	at := func(offset int, magic string) bool {
		return len(file) >= offset+len(magic) && string(file[offset:offset+len(magic)]) == magic
	}
	switch {
	case len(file) == 0:
		return "the file is empty", nil
	case at(0, "RIFF") && at(8, "WAVE"):
		return "wav", decodeWAV
	case at(0, "fLaC"):
		return "flac", decodeFLAC
	case at(0, "OggS"):
		return "ogg", decodeOgg
	case at(0, "ID3"), mp3Frame(file):
		return "mp3", decodeMP3
	}
	for _, other := range []struct {
		offset      int
		magic, name string
	}{
		{4, "ftyp", "MPEG-4 (M4A)"}, {0, "FORM", "AIFF"}, {0, "\x1a\x45\xdf\xa3", "WebM or Matroska"},
		{0, "#!AMR", "AMR"}, {0, "caff", "Core Audio"}, {0, ".snd", "AU"}, {0, "RF64", "RF64"}, {0, "RIFX", "RIFX"},
		{0, "\xff\xf1", "AAC"}, {0, "\xff\xf9", "AAC"}, {0, "\x30\x26\xb2\x75", "Windows Media"}, {0, "MThd", "MIDI"},
	} {
		if at(other.offset, other.magic) {
			return fmt.Sprintf("a file of the kind %s cannot be read; send WAV, FLAC, MP3 or Ogg", other.name), nil
		}
	}
	return "the kind of file is not known; send WAV, FLAC, MP3 or Ogg", nil
}

// mp3Frame tells whether a file begins with a frame header of MPEG-1 or 2,
// layer III (ISO/IEC 11172-3, 2.4.1.3).
func mp3Frame(file []byte) bool {
	return len(file) > 4 && file[0] == 0xff && file[1]&0xe6 == 0xe2 && file[1]&0x18 != 0x08 &&
		file[2]&0xf0 != 0xf0 && file[2]&0x0c != 0x0c && !bytes.Equal(file[:4], []byte{0xff, 0xff, 0xff, 0xff})
}
