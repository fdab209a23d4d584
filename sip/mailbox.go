package sip

import "sync"

// mailboxLimit is how many messages from the wire may wait for one call. Past
// it they are dropped like on the wire: their senders repeat them.
const mailboxLimit = 64

// mailbox holds what is still to be done by a call's goroutine.
type mailbox struct {
	mu     sync.Mutex
	todo   []func()
	closed bool
	wake   chan struct{} // one token: there may be something to do
}

func newMailbox() mailbox { return mailbox{wake: make(chan struct{}, 1)} }

// put adds a message from the wire; false when the box is full or closed.
func (m *mailbox) put(f func()) bool { return m.add(f, mailboxLimit) }

// command adds a wish of the caller or an end of something that was begun.
// They find room where messages from the wire no longer do.
func (m *mailbox) command(f func()) bool { return m.add(f, 16*mailboxLimit) }

func (m *mailbox) add(f func(), limit int) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || len(m.todo) >= limit {
		return false
	}
	m.todo = append(m.todo, f)
	select {
	case m.wake <- struct{}{}:
	default:
	}
	return true
}

// take empties the box. With last, it is closed when there was nothing in it.
func (m *mailbox) take(last bool) []func() {
	m.mu.Lock()
	defer m.mu.Unlock()
	todo := m.todo
	m.todo = nil
	if last && len(todo) == 0 {
		m.closed = true
	}
	return todo
}
