package clips_test

import (
	"encoding/binary"
	"math"
	"testing"

	"partyline/media/g711"
)

// form describes a WAV file.
type form struct {
	tag, rate, channels, bits int
	extensible                bool
}

// sample codes one value of ±1.
func (f form) sample(x float64) []byte {
	b := make([]byte, 8)
	switch {
	case f.tag == 3 && f.bits == 32:
		binary.LittleEndian.PutUint32(b, math.Float32bits(float32(x)))
	case f.tag == 3:
		binary.LittleEndian.PutUint64(b, math.Float64bits(x))
	case f.bits == 8:
		b[0] = byte(int(math.Round(x*127)) + 128)
	default:
		binary.LittleEndian.PutUint64(b, uint64(int64(math.Round(x*float64(int64(1)<<(f.bits-1)-1)))))
	}
	return b[:f.bits/8]
}

func (f form) file(samples []float64) []byte {
	var data []byte
	for _, x := range samples {
		for range f.channels {
			data = append(data, f.sample(x)...)
		}
	}
	return f.wrap(data)
}

// wrap puts a header and a chunk that nobody knows before the data.
func (f form) wrap(data []byte) []byte {
	le := binary.LittleEndian
	tag := f.tag
	var more []byte
	if f.extensible {
		tag = 0xfffe
		more = le.AppendUint16(more, 22)
		more = append(more, make([]byte, 6)...)
		more = le.AppendUint16(more, uint16(f.tag))
		more = append(more, make([]byte, 14)...)
	}
	fmtBody := le.AppendUint16(nil, uint16(tag))
	fmtBody = le.AppendUint16(fmtBody, uint16(f.channels))
	fmtBody = le.AppendUint32(fmtBody, uint32(f.rate))
	fmtBody = le.AppendUint32(fmtBody, uint32(f.rate*f.channels*f.bits/8))
	fmtBody = le.AppendUint16(fmtBody, uint16(f.channels*f.bits/8))
	fmtBody = append(le.AppendUint16(fmtBody, uint16(f.bits)), more...)
	chunk := func(id string, body []byte) []byte {
		c := append(le.AppendUint32([]byte(id), uint32(len(body))), body...)
		return append(c, make([]byte, len(body)%2)...)
	}
	body := append([]byte("WAVE"), chunk("LIST", []byte("odd"))...)
	body = append(body, chunk("fmt ", fmtBody)...)
	return append(le.AppendUint32([]byte("RIFF"), uint32(len(body))), append(body, chunk("data", data)...)...)
}

// Every coding, rate and number of channels of WAV.
func TestDecodeWAV(t *testing.T) {
	forms := []form{{1, 8000, 1, 16, false}}
	for _, rate := range []int{8000, 11025, 16000, 22050, 32000, 44100, 48000, 96000, 192000} {
		forms = append(forms, form{1, rate, 1, 16, false})
	}
	for _, bits := range []int{8, 16, 24, 32} {
		forms = append(forms, form{1, 48000, 2, bits, false}, form{1, 16000, 1, bits, true})
	}
	forms = append(forms, form{3, 44100, 2, 32, false}, form{3, 44100, 1, 64, true}, form{1, 16000, 8, 16, false})
	for _, f := range forms {
		clip := decode(t, f.file(wave(f.rate)))
		least := 60.0
		if f.bits == 8 {
			least = 30
		}
		if f.rate == 8000 {
			least = 50
		}
		if snr, late := likeness(clip.Wide, 0); snr < least || math.Abs(late) > 0.01 {
			t.Errorf("%+v: likeness %.1f dB, %.2f samples late", f, snr, late)
		}
		checkClip(t, clip)
	}
}

func TestDecodeCompanded(t *testing.T) {
	for _, law := range []struct {
		tag  int
		code func([]int16) []byte
	}{{6, encodeA}, {7, encodeMu}} {
		var pcm []int16
		for _, x := range wave(8000) {
			pcm = append(pcm, int16(x*32767))
		}
		clip := decode(t, form{law.tag, 8000, 1, 8, false}.wrap(law.code(pcm)))
		if snr, late := likeness(clip.Wide, 0); snr < 33 || math.Abs(late) > 0.01 {
			t.Errorf("tag %d: likeness %.1f dB, %.2f samples late", law.tag, snr, late)
		}
	}
}

func encodeA(pcm []int16) []byte {
	code := make([]byte, len(pcm))
	g711.EncodeA(code, pcm)
	return code
}

func encodeMu(pcm []int16) []byte {
	code := make([]byte, len(pcm))
	g711.EncodeMu(code, pcm)
	return code
}
