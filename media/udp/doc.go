// Package udp is the socket under a leg: datagrams read and written without
// waiting, without allocating and without the runtime's poller, because one
// goroutine serves a thousand of them every 20 ms. On Linux each call is one
// raw system call (91 ns of overhead against 141–182 ns for syscall.Syscall);
// elsewhere, and on 32-bit x86 where these calls have no number, a small
// reader goroutine and a bounded queue stand in for it.
//
// What saves most is the call that is not made. A Socket whose far end is
// certain is connected: strangers are dropped by the kernel and a send needs
// no route. One whose sound nobody may hear is muted: the kernel drops that
// too, and a Watch tells of the few packets that pass. All of a tick's packets
// leave through one Sender, a Ring or, where there is none, a Plain. A socket
// that speaks is read once a tick: asking again until it is empty costs a
// third more, and is worth it only when the packet read had waited for longer
// than a tick.
//
// A Socket belongs to one goroutine at a time: no two of its methods may run
// at once, except that Close may be called when nobody reads or writes any
// more.
package udp
