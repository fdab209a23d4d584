// Package udp is the socket under a leg: datagrams read and written without
// waiting, without allocating and without the runtime's poller, because one
// goroutine serves a thousand of them every 20 ms. On Linux each call is one
// raw system call (91 ns of overhead against 141–182 ns for syscall.Syscall);
// elsewhere, and on 32-bit x86 where these calls have no number, a small reader goroutine and a bounded queue stand in for it.
//
// A Socket belongs to one goroutine at a time: no two of its methods may run
// at once, except that Close may be called when nobody reads or writes any
// more.
package udp
