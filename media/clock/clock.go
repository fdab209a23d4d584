// Package clock is the time of threads that wake every 20 ms: sleeping to
// absolute times without giving up the processor of the runtime, and asking
// the scheduler to be woken in time.
package clock
