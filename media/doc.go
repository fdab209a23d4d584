// Package media is the sound of a conference: RTP legs, their clock, the mix
// and what each leg hears.
//
// An Engine has a few workers. Each worker owns its legs and rooms alone and
// serves all of them from one loop, every 20 ms: it applies the commands that
// came, reads what the phones sent, adds up who may be heard, and sends each
// leg its next packet. There is no goroutine per leg, no lock and no
// allocation on that path. Everything else in the package runs outside the
// tick and talks to it by commands in a bounded mailbox; events come back
// through a bounded queue to one goroutine.
//
// A Leg is born in its pre-room: it hears nobody and nobody hears it. A Room
// is a mix; Room.Update brings legs in and says who speaks and who hears, all
// changes of one call on one tick.
package media
