//go:build linux && !portable

package clock

import (
	"fmt"
	"syscall"
	"time"
	"unsafe"
)

const cpuSched = 2 // CPUCLOCK_SCHED: what the scheduler has counted for all threads

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
