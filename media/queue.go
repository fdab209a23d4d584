package media

import "sync/atomic"

// queue carries values from one goroutine to another. The writer never waits
// and never allocates: it fills blocks that the reader has prepared, and when
// it has run out of them, leaves values out and counts them. The reader
// prepares as many as it sees used.
type queue[T any] struct {
	// The writer's.
	tail    *block[T]
	filled  int // values written to tail
	taken   int // spare blocks used so far
	dropped atomic.Uint64

	spare [tapMost / blockSize]atomic.Pointer[block[T]] // from the reader to the writer

	// The reader's.
	head   *block[T]
	read   int         // values read of head
	seen   int         // values read since the last keepUp
	given  int         // spare blocks handed over so far
	blocks int         // that exist, head and tail among them
	worn   []*block[T] // read, and still looked at
}

const blockSize = 16

// block has its pointer first, so that garbage collection has nothing to look
// for in the values.
type block[T any] struct {
	next    atomic.Pointer[block[T]]
	written atomic.Int32
	values  [blockSize]T
}

// newQueue makes a queue that takes at least n values without a reader.
func newQueue[T any](n int) *queue[T] {
	first := new(block[T])
	q := &queue[T]{tail: first, head: first, blocks: 1}
	q.provide(n)
	return q
}

// slot is where the writer's next value goes, put passes it on. Nil: there is
// no room for it, and it is counted as dropped.
func (q *queue[T]) slot() *T {
	if q.filled == blockSize {
		b := q.spare[q.taken%len(q.spare)].Swap(nil)
		if b == nil {
			q.dropped.Add(1)
			return nil
		}
		q.taken++
		q.tail.next.Store(b) // the writer's last look at the old one
		q.tail, q.filled = b, 0
	}
	return &q.tail.values[q.filled]
}

func (q *queue[T]) put() {
	q.filled++
	q.tail.written.Store(int32(q.filled))
}

// peek is the oldest value, or nil; skip takes it away. What was seen of it
// stays as it is until the next reuse.
func (q *queue[T]) peek() *T {
	if q.read == blockSize {
		next := q.head.next.Load()
		if next == nil {
			return nil
		}
		q.worn = append(q.worn, q.head)
		q.head, q.read = next, 0
	}
	if q.read == int(q.head.written.Load()) {
		return nil
	}
	return &q.head.values[q.read]
}

func (q *queue[T]) skip() {
	q.read++
	q.seen++
}

// reuse hands what was read to the writer again.
func (q *queue[T]) reuse() {
	for _, b := range q.worn {
		b.written.Store(0)
		b.next.Store(nil)
		q.give(b)
	}
	clear(q.worn)
	q.worn = q.worn[:0]
}

// provide sees that n values fit, as far as there may be so many.
func (q *queue[T]) provide(n int) {
	want := min((n+blockSize-1)/blockSize+1, len(q.spare))
	for q.blocks < want {
		q.blocks++
		q.give(new(block[T]))
	}
}

// keepUp provides for tapHolds more of what was read in so many ticks.
func (q *queue[T]) keepUp(ticks int64) {
	if q == nil {
		return
	}
	q.provide(int(int64(q.seen) * (int64(tapHolds) / tick) / ticks))
	q.seen = 0
}

func (q *queue[T]) give(b *block[T]) {
	at := &q.spare[q.given%len(q.spare)]
	if at.Load() != nil {
		q.blocks-- // as many as may be are there
		return
	}
	at.Store(b)
	q.given++
}

// lost counts what was left out.
func (q *queue[T]) lost() uint64 {
	if q == nil {
		return 0
	}
	return q.dropped.Load()
}
