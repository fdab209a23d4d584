//go:build linux && !portable

package clock

import (
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Now is CLOCK_MONOTONIC in nanoseconds.
func Now() int64 {
	var ts syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(&ts)), 0)
	return ts.Nano()
}

// Sleep returns at a time of Now, or before it when a signal came: the caller
// looks at its own clock and sleeps again. With keep the runtime's processor
// is kept meanwhile, which wants another one for everybody else.
//
// A goroutine that sleeps by time.Sleep fifty times a second leaves its
// processor idle fifty times a second, and the runtime's monitor then costs
// 5–9 % of a core to look after it; and a time.Ticker is late by 4–7 ms at p99
// beside a busy loop. So this sleeps in the kernel, in one raw system call.
func Sleep(until int64, keep bool) {
	ts := syscall.NsecToTimespec(until)
	call := syscall.Syscall6
	if keep {
		call = syscall.RawSyscall6
	}
	_, _, errno := call(syscall.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME,
		uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
	switch errno {
	case 0:
	case syscall.EINTR: // the runtime asks for this processor
		runtime.Gosched()
	default:
		time.Sleep(time.Duration(until - Now()))
	}
}

// Hurry asks the scheduler to let this thread run soon after it wakes. A tick
// is short and comes rarely, so the thread promises to want the processor for
// a tenth of a millisecond at a time; for that the scheduler puts it ahead of
// threads that want it for longer (EEVDF with custom slices, Linux 6.12).
// Nobody needs a privilege for it, and where it is refused nothing is lost.
// A thread the operator has given real-time priority is left as it is.
func Hurry() {
	attr, err := unix.SchedGetAttr(0, 0)
	if err != nil || attr.Policy != unix.SCHED_NORMAL {
		return
	}
	attr.Runtime = uint64(100 * time.Microsecond)
	_ = unix.SchedSetAttr(0, attr, 0)
}
