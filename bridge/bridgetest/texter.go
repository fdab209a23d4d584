package bridgetest

import "sync/atomic"

// Texter counts how often it was woken. The messages are in the store.
type Texter struct{ woken atomic.Int64 }

// Wake implements bridge.Texter.
func (t *Texter) Wake() { t.woken.Add(1) }

// Woken is the number of calls of Wake.
func (t *Texter) Woken() int { return int(t.woken.Load()) }
