package record

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"

	"partyline/media/wasm"
)

// mp3Maker makes MP3 files (ISO 11172-3 and 13818-3, layer III) by an encoder
// that the operator has brought: see the package's description.
type mp3Maker struct{ module *wasm.Module }

// MP3 adds the format "mp3", encoded by the WebAssembly module in a file. An
// empty path adds nothing.
func MP3(path string) Option {
	return func(s *Studio) error {
		if path == "" {
			return nil
		}
		code, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("record: MP3 encoder: %w", err)
		}
		m, err := wasm.Compile(code)
		if err != nil {
			return fmt.Errorf("record: MP3 encoder %s: %w", path, err)
		}
		if !m.Exports("malloc", "free", "enc_init", "enc_get_pcm", "enc_encode", "enc_flush", "enc_get_out_buf", "enc_free") {
			m.Close()
			return fmt.Errorf("record: MP3 encoder %s: the module has other functions than those of wasm-media-encoders 0.7", path)
		}
		s.makers["mp3"] = &mp3Maker{m}
		return nil
	}
}

func (m *mp3Maker) close() { m.module.Close() }

// Bits a second of one channel, of those there are below 16 kHz (ISO
// 13818-3 §2.4.2.3).
const (
	mp3Narrow = 24
	mp3Wide   = 40
)

func (m *mp3Maker) encoder(out io.Writer, s shape, samples int64) (encoder, error) {
	in, err := m.module.Start()
	if err != nil {
		return nil, err
	}
	f := &mp3File{shape: s, out: out, in: in, empty: samples == 0}
	bits := mp3Narrow
	if s.rate == 16000 {
		bits = mp3Wide
	}
	if s.channels == 2 {
		bits = bits * 8 / 5 / 8 * 8
	}
	if err := f.start(uint32(bits)); err != nil {
		in.Close()
		return nil, fmt.Errorf("record: MP3 encoder: %w", err)
	}
	return f, nil
}

// mp3File is one MP3 file.
type mp3File struct {
	shape
	out   io.Writer
	in    *wasm.Instance
	state uint32
	empty bool
}

// start hands over what the file is to be: channels, rate, bits a second in
// thousands, quality of a variable rate (none), and the rate of the file.
func (f *mp3File) start(bits uint32) error {
	at, err := f.in.Call("malloc", 20)
	if err != nil {
		return err
	}
	b, err := f.in.Bytes(uint32(at), 20)
	if err != nil {
		return err
	}
	le := binary.LittleEndian
	le.PutUint32(b, uint32(f.channels))
	le.PutUint32(b[4:], uint32(f.rate))
	le.PutUint32(b[8:], bits)
	le.PutUint32(b[12:], math.Float32bits(-1))
	le.PutUint32(b[16:], uint32(f.rate))
	state, err := f.in.Call("enc_init", uint32(at))
	if err == nil && state == 0 {
		err = fmt.Errorf("it cannot do %d Hz on %d channels", f.rate, f.channels)
	}
	f.state = uint32(state)
	return err
}

func (f *mp3File) write(pcm []int16) error {
	n := len(pcm) / f.channels
	at, err := f.in.Call("enc_get_pcm", f.state, uint32(n))
	if err != nil {
		return err
	}
	places, err := f.in.Bytes(uint32(at), 4*f.channels)
	if err != nil {
		return err
	}
	for c := range f.channels {
		b, err := f.in.Bytes(binary.LittleEndian.Uint32(places[4*c:]), 4*n)
		if err != nil {
			return err
		}
		for i := range n {
			x := float32(pcm[i*f.channels+c]) / 32768
			binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(x))
		}
	}
	return f.take("enc_encode", f.state, uint32(n))
}

// take writes what a call has made.
func (f *mp3File) take(call string, args ...uint32) error {
	n, err := f.in.Call(call, args...)
	if err != nil {
		return err
	}
	if n < 0 {
		return fmt.Errorf("record: MP3 encoder: error %d", n)
	}
	at, err := f.in.Call("enc_get_out_buf", f.state)
	if err != nil {
		return err
	}
	b, err := f.in.Bytes(uint32(at), int(n))
	if err != nil {
		return err
	}
	_, err = f.out.Write(b)
	return err
}

// finish writes what the encoder still holds. A file of no sound is a little
// silence: players take nothing shorter than a frame.
func (f *mp3File) finish() error {
	if f.empty {
		if err := f.write(make([]int16, 1152*f.channels)); err != nil {
			return err
		}
	}
	return f.take("enc_flush", f.state)
}

func (f *mp3File) close() { f.in.Close() }
