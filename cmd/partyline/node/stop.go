package node

import (
	"context"
	"time"

	"partyline/state"
)

// Drain refuses new work; calls go on.
func (n *Node) Drain() {
	n.draining.Store(true)
	n.bridge.Drain(true)
}

// Idle says whether no participant is on a line or on the way to one.
func (n *Node) Idle() bool {
	st := n.bridge.Stats()
	return st.Participants[state.Pending]+st.Participants[state.Dialing]+st.Participants[state.Connected]+st.Participants[state.Held] == 0
}

// closing bounds how long each part may take to end.
const closing = 10 * time.Second

// Close hangs up every call, tells everyone, and ends everything.
func (n *Node) Close() error {
	n.Drain()
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	err := n.bridge.Close(ctx)
	n.down.Do(n.tearDown)
	return err
}

// Abandon ends everything without a word to the phones: a successor on the
// same address and store takes the calls up again.
func (n *Node) Abandon() {
	if n.bridge != nil {
		n.bridge.Stop()
	}
	n.down.Do(n.tearDown)
}

// tearDown ends what was started, last first. The bridge has ended before.
func (n *Node) tearDown() {
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	if n.api != nil {
		n.api.EndStreams()
	}
	if n.http != nil {
		if err := n.http.Shutdown(ctx); err != nil {
			_ = n.http.Close()
		}
	}
	if n.api != nil {
		n.api.Close()
	}
	n.stop()
	if n.agent != nil {
		_ = n.agent.Close() // once the phones have answered the last BYE
	}
	if n.engine != nil {
		_ = n.engine.Close()
	}
	if n.control != nil {
		_ = n.control.Close()
	}
	n.owned.Wait()
	if n.studio != nil {
		_ = n.studio.Close() // the bridge has, where there was one
	}
	if n.shelf != nil {
		_ = n.shelf.Close()
	}
	if n.store != nil {
		_ = n.store.Close()
	}
}
