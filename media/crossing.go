package media

import "partyline/media/resample"

// crossing brings sound of one rate to the other, one 20 ms after another.
type crossing struct {
	by    *resample.Resampler
	quiet int // ticks of silence in a row; after two nothing is left of what was before
}

func newCrossing(from int) *crossing {
	hz := [rates]int{8000, 16000}
	by, err := resample.New(hz[from], hz[1-from])
	if err != nil {
		panic(err) // both rates are constants
	}
	return &crossing{by: by, quiet: drained}
}

const drained = 2

// add puts what from holds, if it sounds, onto to.
func (x *crossing) add(to, from []int32, sounds bool, scratch *bus) {
	if sounds {
		x.quiet = 0
	} else if x.quiet++; x.quiet > drained {
		x.quiet = drained
		return
	}
	out := scratch[:len(to)]
	x.by.Process(out, from)
	for i, v := range out {
		to[i] += v
	}
}

// convert brings 20 ms of sound to the other rate.
func (x *crossing) convert(to, from []int16, w *worker) {
	in, out := w.other[:len(from)], w.bus[:len(to)]
	for i, v := range from {
		in[i] = int32(v)
	}
	x.by.Process(out, in)
	for i, v := range out {
		to[i] = int16(min(max(v, -1<<15), 1<<15-1))
	}
}
