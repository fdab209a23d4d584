package sip

import (
	"context"
	"time"

	"partyline/sip/trunk"
)

// TrunkStatus of one trunk, for doctor, metrics and readiness.
type TrunkStatus = trunk.Status

// ErrNoTrunk means that waiting would not help: none is configured.
var ErrNoTrunk = trunk.ErrNoTrunk

// TryReserve takes a token and a channel of the best healthy trunk if there is
// one now. It never overtakes those who wait in Reserve.
func (a *Agent) TryReserve() (*Slot, bool) { return a.trunks.TryReserve() }

// Reserve waits for a token and a channel, first come first served. The slot
// goes to Dial, or back with Release.
func (a *Agent) Reserve(ctx context.Context) (*Slot, error) { return a.trunks.Reserve(ctx) }

// Trunks is the state of every trunk, in the order of configuration.
func (a *Agent) Trunks() []TrunkStatus { return a.trunks.Status() }

// Health checks of a trunk.
const (
	keepAliveEvery   = 30 * time.Second
	keepAliveTimeout = 5 * time.Second
	keepAliveMisses  = 2 // unanswered in a row before a trunk is taken out
)
