package bolt

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// errFault: bbolt stumbled over the file while it was in use.
var errFault = errors.New("the file was damaged while in use")

// guarded runs fn, which reads the mapped file. A page that cannot be read any
// more (a bad disk, a file truncated by somebody) is a fault of the processor,
// and a page with nonsense makes bbolt panic; both become errFault.
func guarded(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", errFault, r)
		}
	}()
	return fn()
}
