// Package vorbis decodes Vorbis I, the audio codec of most Ogg files, by the
// specification of the Xiph.Org Foundation. It is for files that people send,
// not for the packet path: it is written to be plain, and to be safe with
// whatever a file holds. Floors of the kind 0, which no encoder has written
// since 2001, are refused.
package vorbis

import (
	"errors"
	"fmt"
)

var (
	errDamaged = errors.New("vorbis: the stream is damaged")
	errFloor0  = errors.New("vorbis: floors of the kind 0 are not read")
)

// mostChannels of a stream.
const mostChannels = 8

// Decoder of one stream. It is not safe for concurrent use.
type Decoder struct {
	rate, channels int
	setup          *setup
	blocks         [2]int // short and long, in samples
	transforms     [2]*mdct
	slopes         [2][]float32

	spectra [][]float32 // of each channel
	block   []float32
	outline []float32
	before  [][]float32 // what each channel's last block leaves to the next
	out     []float32
}

// New reads the headers of a stream: its first packet and its third one; the
// second is the comments.
func New(first, third []byte) (*Decoder, error) {
	b := &bits{packet: first}
	if !header(b, 1) {
		return nil, errDamaged
	}
	version := b.read(32)
	d := &Decoder{channels: b.int(8), rate: b.int(32)}
	b.read(32) // bit rates, which are only told
	b.read(32)
	b.read(32)
	short, long := b.int(4), b.int(4)
	if version != 0 || short < 6 || long > 13 || short > long || !b.flag() || b.over {
		return nil, errDamaged
	}
	if d.channels < 1 || d.channels > mostChannels || d.rate == 0 {
		return nil, fmt.Errorf("vorbis: %d channels at %d Hz are not read", d.channels, d.rate)
	}
	var err error
	if d.setup, err = readSetup(third, d.channels); err != nil {
		return nil, err
	}
	for i, exponent := range []int{short, long} {
		d.blocks[i] = 1 << exponent
		d.transforms[i] = newMDCT(d.blocks[i])
		d.slopes[i] = slope(d.blocks[i] / 2)
	}
	for range d.channels {
		d.spectra = append(d.spectra, make([]float32, d.blocks[1]/2))
	}
	d.block, d.outline = make([]float32, d.blocks[1]), make([]float32, d.blocks[1]/2)
	return d, nil
}

// Rate is the number of samples a second.
func (d *Decoder) Rate() int { return d.rate }

// Channels is the number of channels.
func (d *Decoder) Channels() int { return d.channels }

// Decode decodes a packet of sound and gives what is complete by it, as frames
// of ±1, one sample for each channel; they are valid until the next call. The
// first packet completes nothing. After an error the stream may go on.
func (d *Decoder) Decode(packet []byte) ([]float32, error) {
	b := &bits{packet: packet}
	if b.flag() || len(packet) == 0 {
		return nil, errDamaged
	}
	which := b.int(ilog(len(d.setup.modes) - 1))
	if which >= len(d.setup.modes) {
		return nil, errDamaged
	}
	m := d.setup.modes[which]
	size, left, right := 0, 0, 0
	if m.long {
		size, left, right = 1, b.int(1), b.int(1)
	}
	if b.over {
		return nil, errDamaged
	}
	n := d.blocks[size]
	spectra := make([][]float32, d.channels)
	for c := range spectra {
		spectra[c] = d.spectra[c][:n/2]
	}
	d.readSpectra(b, m.mapping, spectra)
	return d.overlap(spectra, size, left, right), nil
}

// readSpectra reads the spectra of all channels.
func (d *Decoder) readSpectra(b *bits, m *mapping, spectra [][]float32) {
	outlines := make([][]float32, len(spectra))
	for c, s := range spectra {
		clear(s)
		outline := make([]float32, len(s))
		if m.floors[m.submap[c]].read(b, outline) {
			outlines[c] = outline
		}
	}
	coded := make([]bool, len(spectra))
	for c := range coded {
		coded[c] = outlines[c] != nil
	}
	// Of a pair, either needs the other.
	for _, pair := range m.coupling {
		if coded[pair[0]] || coded[pair[1]] {
			coded[pair[0]], coded[pair[1]] = true, true
		}
	}
	for submap, r := range m.residues {
		var of [][]float32
		for c, s := range spectra {
			if m.submap[c] != submap {
				continue
			}
			if !coded[c] {
				s = nil
			}
			of = append(of, s)
		}
		r.read(b, of)
	}
	for i := len(m.coupling) - 1; i >= 0; i-- {
		decouple(spectra[m.coupling[i][0]], spectra[m.coupling[i][1]])
	}
	for c, s := range spectra {
		if outlines[c] == nil {
			clear(s)
			continue
		}
		for i := range s {
			s[i] *= outlines[c][i]
		}
	}
}

// decouple makes two channels of the magnitude and the angle that they were
// coded as (Vorbis I, 4.3.5).
func decouple(magnitude, angle []float32) {
	for i, m := range magnitude {
		a := angle[i]
		switch {
		case m > 0 && a > 0:
			magnitude[i], angle[i] = m, m-a
		case m > 0:
			magnitude[i], angle[i] = m+a, m
		case a > 0:
			magnitude[i], angle[i] = m, m+a
		default:
			magnitude[i], angle[i] = m-a, m
		}
	}
}
