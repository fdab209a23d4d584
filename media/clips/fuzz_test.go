package clips_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"partyline/media/clips"
)

// tryFile decodes what may be anything: either it is refused or it is a clip
// that holds all that is promised of one.
func tryFile(t *testing.T, file []byte) {
	clip, source, err := clips.Decode(bytes.NewReader(file))
	if err != nil {
		if clip != nil || !errors.Is(err, clips.ErrBadSound) {
			t.Fatalf("%v, %v", clip, err)
		}
		return
	}
	if len(clip.PCM) == 0 || len(clip.Wide) != 2*len(clip.PCM) || clip.Length() > clips.MaxLength+1e6 || source == "" {
		t.Fatalf("a clip of %v, %d and %d samples, from %q", clip.Length(), len(clip.PCM), len(clip.Wide), source)
	}
	for _, x := range clip.Wide {
		if x > 23198 || x < -23198 {
			t.Fatalf("a sample of %d", x)
		}
	}
}

func seed(f *testing.F, names ...string) {
	for _, name := range names {
		file, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file)
	}
}

func FuzzWAV(f *testing.F) {
	for _, c := range []form{{1, 8000, 1, 8, false}, {1, 44100, 2, 16, false}, {1, 48000, 1, 24, true}, {3, 16000, 2, 32, false}, {3, 8000, 1, 64, true}} {
		f.Add(c.file(wave(c.rate)[:200]))
	}
	f.Fuzz(tryFile)
}

func FuzzFLAC(f *testing.F) {
	seed(f, "stereo.flac", "mono24.flac")
	f.Fuzz(tryFile)
}

func FuzzMP3(f *testing.F) {
	seed(f, "stereo.mp3", "mono22.mp3")
	f.Fuzz(tryFile)
}

// FuzzOgg mends the checksums, or next to nothing would get past them.
func FuzzOgg(f *testing.F) {
	seed(f, "silk.opus", "hybrid.opus", "celt.opus", "stereo.ogg", "mono22.ogg", "refused.spx")
	f.Fuzz(func(t *testing.T, file []byte) { tryFile(t, mendOgg(bytes.Clone(file))) })
}

// mendOgg gives every page of a file the checksum that it should have
// (RFC 3533, 6).
func mendOgg(file []byte) []byte {
	for at := 0; ; {
		next := bytes.Index(file[at:], []byte("OggS"))
		if next < 0 {
			return file
		}
		at += next
		page := file[at:]
		if len(page) < 27 || len(page) < 27+int(page[26]) {
			return file
		}
		length := 27 + int(page[26])
		for _, n := range page[27:length] {
			length += int(n)
		}
		if length > len(page) {
			return file
		}
		page = page[:length]
		binary.LittleEndian.PutUint32(page[22:], 0)
		var crc uint32
		for _, b := range page {
			crc ^= uint32(b) << 24
			for range 8 {
				if crc>>31 != 0 {
					crc = crc<<1 ^ 0x04c11db7
				} else {
					crc <<= 1
				}
			}
		}
		binary.LittleEndian.PutUint32(page[22:], crc)
		at += length
	}
}
