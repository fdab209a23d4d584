package record

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"os"
	"time"
)

// maker makes encoders of one format.
type maker interface {
	// encoder begins a file of that shape on out.
	encoder(out io.Writer, s shape, samples int64) (encoder, error)
	close()
}

// encoder writes one file.
type encoder interface {
	// write takes the next samples, those of both channels in turn.
	write(pcm []int16) error
	// finish writes what is still to come.
	finish() error
	// close gives back what it holds, finished or not.
	close()
}

// Encoding has no hurry, and the mixer beside it has: it works for a little
// while, and rests twice as long. A thread of lower priority would not do: it
// could be kept from running in the middle of what the garbage collector
// waits for, and that would keep the mixer.
const (
	encodeSpell = 5 * time.Millisecond
	encodeRest  = 2 * encodeSpell
	encodeTicks = 5 // of 20 ms handed over at once
)

// convert makes another file of a WAV file; it appears under its name when it
// is whole.
func convert(ctx context.Context, folder *os.Root, s shape, from, to string, by maker) error {
	in, err := folder.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	sound := max(info.Size()-headerBytes, 0) / s.frame() * s.frame()
	out, err := folder.OpenFile(to+partEnding, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	w := bufio.NewWriterSize(out, 64<<10)
	if err := encode(ctx, w, io.NewSectionReader(in, headerBytes, sound), s, sound/s.frame(), by); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := out.Sync(); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return rename(folder, to)
}

func encode(ctx context.Context, out io.Writer, in io.Reader, s shape, samples int64, by maker) error {
	e, err := by.encoder(out, s, samples)
	if err != nil {
		return err
	}
	defer e.close()
	b := make([]byte, encodeTicks*int64(s.rate/50)*s.frame())
	pcm := make([]int16, len(b)/2)
	in = bufio.NewReaderSize(in, 256<<10)
	for began := time.Now(); ; {
		n, err := io.ReadFull(in, b)
		if err == io.EOF {
			return e.finish()
		}
		if err != nil && err != io.ErrUnexpectedEOF {
			return err
		}
		for i := range n / 2 {
			pcm[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
		}
		if err := e.write(pcm[:n/2]); err != nil {
			return err
		}
		if time.Since(began) < encodeSpell {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(encodeRest):
			began = time.Now()
		}
	}
}
