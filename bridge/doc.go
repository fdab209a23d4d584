// Package bridge holds the product's rules: who may be rung, who is let in,
// who hears whom, and what becomes of every person who was asked to a
// conference.
//
// One goroutine owns each conference. Requests, phones and timers reach it
// through a bounded mailbox; it empties the mailbox in batches. A batch first
// changes memory through pure transitions, then writes everything that
// changed with the events that tell of it in one store transaction, and only
// then acts on the world and answers: nothing is dialled, and nothing is
// acknowledged, that a crash could forget. When the store fails, what was
// asked for (adds, redials, dials) is taken back and refused, while what has
// happened (answers, hang-ups, mutes) stays true in memory and is written as
// soon as the store can.
package bridge
