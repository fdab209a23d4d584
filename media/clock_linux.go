//go:build linux && !portable

package media

import (
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// alarm sleeps to absolute times of an engine's clock. A goroutine that
// sleeps by time.Sleep fifty times a second leaves its processor idle fifty
// times a second, and the runtime's monitor then costs 5–9 % of a core to
// look after it; and a time.Ticker is late by 4–7 ms at p99 beside a busy
// loop. So the worker sleeps in the kernel, in one raw system call.
type alarm struct {
	origin int64 // CLOCK_MONOTONIC at the engine clock's zero
	keep   bool  // keep the processor while asleep: another one is there for everyone else
}

const (
	clockMonotonic = 1
	timerAbstime   = 1
)

func newAlarm(now func() int64, keep bool) *alarm {
	var ts syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&ts)), 0)
	return &alarm{origin: ts.Nano() - now(), keep: keep}
}

// hurry asks the scheduler to let this thread run soon after it wakes. A tick
// is short and comes rarely, so the thread promises to want the processor for
// a tenth of a millisecond at a time; for that the scheduler puts it ahead of
// threads that want it for longer (EEVDF with custom slices, Linux 6.12).
// Nobody needs a privilege for it, and where it is refused nothing is lost.
// A thread the operator has given real-time priority is left as it is.
func hurry() {
	attr, err := unix.SchedGetAttr(0, 0)
	if err != nil || attr.Policy != unix.SCHED_NORMAL {
		return
	}
	attr.Runtime = uint64(100 * time.Microsecond)
	_ = unix.SchedSetAttr(0, attr, 0)
}

// nap sleeps for a moment and keeps the processor.
func nap(ns int64) {
	ts := syscall.NsecToTimespec(ns)
	syscall.RawSyscall(syscall.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&ts)), 0, 0)
}

// sleep returns at the given time of the engine's clock, or soon after done
// is closed.
func (a *alarm) sleep(until int64, now func() int64, done <-chan struct{}) {
	ts := syscall.NsecToTimespec(a.origin + until)
	for now() < until {
		var errno syscall.Errno
		if a.keep {
			_, _, errno = syscall.RawSyscall6(syscall.SYS_CLOCK_NANOSLEEP, clockMonotonic, timerAbstime,
				uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
		} else {
			_, _, errno = syscall.Syscall6(syscall.SYS_CLOCK_NANOSLEEP, clockMonotonic, timerAbstime,
				uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
		}
		if errno != 0 && errno != syscall.EINTR {
			time.Sleep(time.Duration(until - now()))
		}
		// The signal that ended the sleep early was the runtime asking for
		// this processor.
		if errno == syscall.EINTR {
			runtime.Gosched()
		}
		select {
		case <-done:
			return
		default:
		}
	}
}
