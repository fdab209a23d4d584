// Package node is a running partyline: it makes the rooms from a
// configuration, lends them to each other, and takes them down in the right
// order. The serve and demo commands run one, and so do the end-to-end tests.
package node

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"partyline/api"
	"partyline/bridge"
	"partyline/cmd/partyline/config"
	"partyline/media"
	"partyline/media/clips"
	"partyline/media/prompt"
	"partyline/media/record"
	"partyline/sip"
	"partyline/sms"
	"partyline/state"
)

// Options of a Node beyond its configuration. The zero value works.
type Options struct {
	Log     *slog.Logger
	Texts   io.Writer    // where the log texter writes; nil: standard error
	Texter  sms.Provider // in place of the configured provider
	Version string
}

// Node is a running partyline.
type Node struct {
	cfg    config.Config
	log    *slog.Logger
	key    []byte
	store  state.Store
	engine *media.Engine
	agent  *sip.Agent
	outbox *sms.Outbox
	bridge *bridge.Bridge
	voice  *prompt.Library
	shelf  *clips.Shelf
	studio *record.Studio
	api    *api.Server
	http   *http.Server
	ln     net.Listener

	control *http.Server
	stop    context.CancelFunc // ends what runs by itself
	owned   sync.WaitGroup
	failed  chan error

	draining  atomic.Bool
	answering atomic.Pointer[bridge.Bridge] // takes calls to us
	down      sync.Once
}

// Start brings a node to life. When it returns without error the API answers.
func Start(ctx context.Context, cfg config.Config, opts Options) (*Node, error) {
	n := &Node{cfg: cfg, log: opts.Log, failed: make(chan error, 2)}
	if n.log == nil {
		n.log = slog.New(slog.DiscardHandler)
	}
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	n.stop = stop
	for _, step := range []func(context.Context, Options) error{
		n.openStore, n.openSounds, n.startMedia, n.startSIP, n.startBridge, n.startHTTP,
	} {
		if err := step(life, opts); err != nil {
			n.Abandon()
			return nil, err
		}
	}
	return n, nil
}

// ready says why no new work should come here, or nil.
func (n *Node) ready() error {
	if n.draining.Load() {
		return errors.New("draining: this node takes no new calls")
	}
	trunks := n.agent.Trunks()
	if len(trunks) == 0 {
		return nil // serves the API; adds are refused with a clear word
	}
	for _, t := range trunks {
		if t.Up {
			return nil
		}
	}
	return errors.New("no trunk is reachable")
}

// URL is where the API answers.
func (n *Node) URL() string {
	scheme := "http"
	if n.cfg.HTTP.TLSCert != "" {
		scheme = "https"
	}
	return scheme + "://" + n.ln.Addr().String()
}

// SIPAddrs are the bound SIP addresses, such as "udp:127.0.0.1:5060".
func (n *Node) SIPAddrs() []string { return n.agent.Addrs() }

// Failed tells of a part that cannot go on.
func (n *Node) Failed() <-chan error { return n.failed }
