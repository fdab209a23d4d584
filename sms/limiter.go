package sms

import (
	"fmt"
	"slices"
	"time"
)

// limiter counts the messages that were handed to the provider within the last
// hour. It is rebuilt from the stored messages (TriedAt) at start, so a
// restart forgives nothing. A message counts once, however often it is tried.
type limiter struct {
	perNumber, perBlock int // below zero: no limit
	numbers             map[string][]use
	blocks              map[string]int // the uses of all its numbers
}

// use is one message handed to the provider.
type use struct {
	message    string
	at         time.Time
	providerID string
}

const limiterWindow = time.Hour

func newLimiter(perNumber, perBlock int) *limiter {
	return &limiter{perNumber: perNumber, perBlock: perBlock, numbers: map[string][]use{}, blocks: map[string]int{}}
}

// take counts a message, or says in a sentence why it may not be sent.
func (l *limiter) take(number, message string, now time.Time) (refusal string) {
	l.expire(number, now)
	if i := l.index(number, message); i >= 0 {
		l.numbers[number][i].at = now
		return ""
	}
	if n := len(l.numbers[number]); l.perNumber >= 0 && n >= l.perNumber {
		return fmt.Sprintf("%d texts went to this number within the last hour, which is the limit", n)
	}
	if b := block(number); l.perBlock >= 0 && l.blocks[b] >= l.perBlock {
		l.expireBlock(b, now)
		if n := l.blocks[b]; n >= l.perBlock {
			return fmt.Sprintf("%d texts went to this block of numbers within the last hour, which is the limit", n)
		}
	}
	l.add(number, use{message: message, at: now})
	return ""
}

// add counts without asking.
func (l *limiter) add(number string, u use) {
	if l.index(number, u.message) >= 0 {
		return
	}
	l.numbers[number] = append(l.numbers[number], u)
	l.blocks[block(number)]++
}

// drop takes a message back that never left.
func (l *limiter) drop(number, message string) {
	l.remove(number, func(u use) bool { return u.message == message })
}

// sent remembers the provider's id of a message.
func (l *limiter) sent(number, message, providerID string) {
	if i := l.index(number, message); i >= 0 {
		l.numbers[number][i].providerID = providerID
	}
}

// known are the provider ids of the number's other messages.
func (l *limiter) known(number, except string) []string {
	var ids []string
	for _, u := range l.numbers[number] {
		if u.message != except && u.providerID != "" {
			ids = append(ids, u.providerID)
		}
	}
	return ids
}

func (l *limiter) index(number, message string) int {
	return slices.IndexFunc(l.numbers[number], func(u use) bool { return u.message == message })
}

func (l *limiter) expire(number string, now time.Time) {
	l.remove(number, func(u use) bool { return now.Sub(u.at) >= limiterWindow })
}

func (l *limiter) expireBlock(b string, now time.Time) {
	for number := range l.numbers {
		if block(number) == b {
			l.expire(number, now)
		}
	}
}

// expireAll forgets what is too old to count, so that memory holds one hour.
func (l *limiter) expireAll(now time.Time) {
	for number := range l.numbers {
		l.expire(number, now)
	}
}

func (l *limiter) remove(number string, gone func(use) bool) {
	before := l.numbers[number]
	after := slices.DeleteFunc(before, gone)
	b := block(number)
	if l.blocks[b] -= len(before) - len(after); l.blocks[b] <= 0 {
		delete(l.blocks, b)
	}
	if l.numbers[number] = after; len(after) == 0 {
		delete(l.numbers, number)
	}
}
