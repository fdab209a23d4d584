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

const encodeTicks = 5 // of 20 ms handed over at once

// ease is the pace of what has no hurry, beside a mixer that has: it works
// for a little while, and rests twice as long. A thread of lower priority
// would not do: it could be kept from running in the middle of what the
// garbage collector waits for, and that would keep the mixer.
type ease struct{ since time.Time }

const (
	spell = 5 * time.Millisecond
	rest  = 2 * spell
)

// rest is called often; it waits now and then, but not for long once the
// program ends.
func (e *ease) rest(ctx context.Context) {
	if e.since.IsZero() {
		e.since = time.Now()
	}
	if time.Since(e.since) < spell {
		return
	}
	timer := time.NewTimer(rest)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
	e.since = time.Now()
}

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
	for pace := new(ease); ctx.Err() == nil; pace.rest(ctx) {
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
	}
	return ctx.Err()
}
