// Package media is the sound of a conference: RTP legs, their clock, the mix
// and what each leg hears.
//
// # Tick
//
// An Engine has a few workers, each a goroutine on a thread of its own. Every
// 20 ms of the engine's clock a worker runs one tick (worker.go), for all its
// legs at once:
//
//	commands    what others want of its legs and rooms      mailbox.go
//	receive     packets into each leg's jitter buffer       receive.go
//	gather      add up who speaks, once per room            mix.go
//	meet        only for rooms that several workers share   share.go
//	join        what the room hears, at 8 and at 16 kHz     mix.go
//	send        to each leg what it hears                   send.go
//	chores      RTCP, silence watch, figures, sockets       control.go, kernel.go
//
// Nothing in a tick waits, locks or allocates. What a leg is sent follows on
// every tick from its state alone: prompt, music, silence, the room without
// itself, or the room. Those who add nothing to a room hear the same, so its
// sound is encoded once per codec (payload.go) and copied behind each leg's
// own RTP header; only who speaks gets an encoding of his own.
//
// A tick that comes late is made up if it is one of up to three; after more
// the clock is followed, timestamps go on with it, and no sound is repeated.
//
// # Ownership
//
// A worker owns its legs and rooms alone. Everything else in the package runs
// outside the tick and talks to it by commands in a bounded mailbox, which
// take effect at the beginning of a tick; events come back through a bounded
// queue to one goroutine, and figures through atomics. A leg that joins a
// room of another worker is handed over between two ticks. Engine.mu guards
// only the question who is where.
//
// A room lives in one worker until it has more legs than Config.Share. Then
// every worker has a share of it: each adds up its own speakers, shows the
// sum to the others, and waits for theirs, once a tick.
//
// A Leg is born in its pre-room: it hears nobody and nobody hears it. A Room
// is a mix; Room.Update brings legs in and says who speaks and who hears, all
// changes of one call on one tick.
//
// # Memory and the kernel
//
// A leg is one stream (stream.go): its jitter buffer holds bytes as they came
// and decodes them when they are due, so a leg that nobody may hear decodes
// nothing. Buffers for a packet belong to the worker, not to the leg.
//
// What a packet costs is the kernel's work, so the engine asks for little of
// it (kernel.go): sockets are connected once it is certain where a far end
// is, a leg that may not speak has a filter in its socket that drops its
// sound there, all but digits and one packet in 64, and a tick looks for as
// many packets as the far end sends and no more (pace.go).
package media
