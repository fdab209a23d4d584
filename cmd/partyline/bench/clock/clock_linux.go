//go:build linux && !portable

package clock

import (
	"fmt"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

const (
	monotonic    = 1 // CLOCK_MONOTONIC
	timerAbstime = 1
	cpuSched     = 2 // CPUCLOCK_SCHED: what the scheduler has counted for all threads
)

// skew turns a time of Now into one of CLOCK_MONOTONIC.
var skew = func() int64 {
	var ts syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, monotonic, uintptr(unsafe.Pointer(&ts)), 0)
	return ts.Nano() - Now()
}()

// Sleep returns at a time of Now, or soon after. The processor is kept while
// asleep: fifty idle processors a second cost more than they give (the
// runtime's monitor looks after each of them). A signal that ends the sleep
// is the runtime asking for it.
func Sleep(until int64) {
	ts := syscall.NsecToTimespec(skew + until)
	for Now() < until {
		_, _, errno := syscall.RawSyscall6(syscall.SYS_CLOCK_NANOSLEEP, monotonic, timerAbstime, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
		switch errno {
		case 0:
		case syscall.EINTR:
			runtime.Gosched()
		default:
			time.Sleep(time.Duration(until - Now()))
		}
	}
}

// Used is the processor time a process has had since it began, of all its
// threads, those that have ended too (clock_getcpuclockid).
func Used(pid int) (time.Duration, error) {
	var ts syscall.Timespec
	_, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, uintptr(int32(^pid<<3|cpuSched)), uintptr(unsafe.Pointer(&ts)), 0)
	if errno != 0 {
		return 0, fmt.Errorf("processor time of process %d: %w", pid, errno)
	}
	return time.Duration(ts.Nano()), nil
}
