package record

import (
	"encoding/binary"
	"errors"
	"math"
)

// A WAV file is a header and samples: RIFF (Microsoft and IBM, 1991), and for
// what 32 bits cannot count, RF64 (EBU Tech 3306 §3). The header says how many
// samples there are, so it is written anew each time there are more: after
// the samples, so that it never promises what is not there.

// headerBytes come before the sound: RIFF, room for ds64, fmt, data.
const headerBytes = 12 + 36 + 24 + 8

// shape is what all files of a recording's tracks, or of its mix, are like.
type shape struct {
	rate, channels int
}

// frame is the bytes of one sample of all channels.
func (s shape) frame() int64 { return 2 * int64(s.channels) }

// header is that of a file with so many bytes of sound.
func (s shape) header(sound int64) []byte {
	le := binary.LittleEndian
	b := make([]byte, headerBytes)
	riff := sound + headerBytes - 8
	copy(b, "RIFF")
	copy(b[8:], "WAVEJUNK")
	le.PutUint32(b[16:], 28)
	copy(b[48:], "fmt ")
	le.PutUint32(b[52:], 16)
	le.PutUint16(b[56:], 1) // linear
	le.PutUint16(b[58:], uint16(s.channels))
	le.PutUint32(b[60:], uint32(s.rate))
	le.PutUint32(b[64:], uint32(s.rate)*uint32(s.frame()))
	le.PutUint16(b[68:], uint16(s.frame()))
	le.PutUint16(b[70:], 16)
	copy(b[72:], "data")
	if riff < math.MaxUint32 {
		le.PutUint32(b[4:], uint32(riff))
		le.PutUint32(b[76:], uint32(sound))
		return b
	}
	copy(b, "RF64")
	copy(b[12:], "ds64")
	le.PutUint32(b[4:], math.MaxUint32)
	le.PutUint32(b[76:], math.MaxUint32)
	le.PutUint64(b[20:], uint64(riff))
	le.PutUint64(b[28:], uint64(sound))
	le.PutUint64(b[36:], uint64(sound/s.frame()))
	return b
}

// wave is a WAV file that grows. It gathers sound and writes it by flush;
// silence takes no place in memory, and where the file system knows of holes,
// none on the disk.
type wave struct {
	shape
	name   string
	f      file
	length int64  // bytes of sound there ought to be
	buf    []byte // the sound from at on that is not written yet
	at     int64
	size   int64 // bytes of sound that the file has
	said   int64 // that its header tells of; −1: it has none
}

// newWave begins a file that has been silent for so long already.
func newWave(f file, name string, s shape, length int64) (*wave, error) {
	w := &wave{shape: s, name: name, f: f, length: length, said: -1}
	return w, w.flush()
}

// put adds samples, those of both channels in turn.
func (w *wave) put(pcm []int16) {
	if len(w.buf) == 0 {
		w.at = w.length
	}
	w.fill()
	for _, x := range pcm {
		w.buf = append(w.buf, byte(x), byte(x>>8))
	}
	w.length += 2 * int64(len(pcm))
}

// fill lets the gathered sound reach up to here: there was silence since.
func (w *wave) fill() {
	if gap := int(w.length - w.at - int64(len(w.buf))); gap > 0 {
		w.buf = append(w.buf, make([]byte, gap)...)
	}
}

// skip adds silence.
func (w *wave) skip(samples int) { w.length += int64(samples) * w.frame() }

// flush makes the file whole up to here.
func (w *wave) flush() error {
	if len(w.buf) > 0 {
		n, err := w.f.WriteAt(w.buf, headerBytes+w.at)
		w.size = max(w.size, w.at+int64(n)/w.frame()*w.frame())
		if err != nil {
			return err
		}
		w.buf = w.buf[:0]
	}
	return w.extend(w.length)
}

// extend lets the file be of this length, by silence where it is shorter.
func (w *wave) extend(length int64) error {
	if w.said < 0 { // its first bytes, before anything that refers to them
		if _, err := w.f.WriteAt(w.header(0), 0); err != nil {
			return err
		}
		w.said = 0
	}
	if w.size != length {
		if err := w.f.Truncate(headerBytes + length); err != nil {
			return err
		}
		w.size = length
	}
	if w.said == length {
		return nil
	}
	if _, err := w.f.WriteAt(w.header(length), 0); err != nil {
		return err
	}
	w.said = length
	return nil
}

// seal makes the file one of this length, whatever came before, and gives it
// back to the system.
func (w *wave) seal(length int64) error {
	w.buf, w.length = nil, length
	err := w.extend(length)
	return errors.Join(err, w.f.Sync(), w.f.Close())
}
