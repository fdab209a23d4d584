// Package node is a running partyline: it makes the rooms from a
// configuration, lends them to each other, and takes them down in the right
// order. The serve and demo commands run one, and so do the end-to-end tests.
package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"time"

	"partyline/api"
	"partyline/bridge"
	"partyline/cmd/partyline/config"
	"partyline/media"
	"partyline/sip"
	"partyline/sms"
	"partyline/state"
	"partyline/state/bolt"
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
	api    *api.Server
	http   *http.Server
	ln     net.Listener

	control *http.Server
	stop    context.CancelFunc // ends what runs by itself
	owned   sync.WaitGroup
	failed  chan error

	mu       sync.Mutex
	draining bool
	down     sync.Once
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
		n.openStore, n.startMedia, n.startSIP, n.startBridge, n.startHTTP,
	} {
		if err := step(life, opts); err != nil {
			n.Abandon()
			return nil, err
		}
	}
	return n, nil
}

func (n *Node) openStore(context.Context, Options) error {
	key, err := bolt.KeyFor(n.cfg.State.Path, n.cfg.State.KeyPath())
	if err != nil {
		return err
	}
	store, err := bolt.Open(n.cfg.State.Path, bolt.Options{Key: key, Log: n.log})
	if err != nil {
		return err
	}
	n.store, n.key = store, key
	return n.listenControl(n.cfg.State.Path)
}

func (n *Node) startMedia(context.Context, Options) (err error) {
	m := n.cfg.Media
	low, high, err := m.PortRange()
	if err != nil {
		return err
	}
	codecs, left := m.Offered()
	if len(left) > 0 {
		n.log.Info("these codecs are not offered yet", "codecs", left)
	}
	n.engine, err = media.NewEngine(media.Config{
		Address:   addrOrZero(m.Address),
		Advertise: addrOrZero(m.Advertise),
		PortMin:   low,
		PortMax:   high,
		Workers:   m.Workers,
		Codecs:    codecs,
		Timeout:   m.Timeout,
	})
	return err
}

func addrOrZero(s string) netip.Addr {
	a, _ := netip.ParseAddr(s) // validated with the configuration
	return a
}

func (n *Node) startSIP(context.Context, Options) (err error) {
	c := n.cfg
	trunks := make([]sip.Trunk, len(c.Trunks))
	for i, t := range c.Trunks {
		trunks[i] = sip.Trunk{
			Name: t.Name, URI: t.URI,
			Username: t.Username, Password: t.Password.Reveal(), Realm: t.Realm,
			CallerIDs: t.CallerIDs, CPS: t.CPS, Channels: t.Channels,
			Priority: t.Priority, Weight: t.Weight,
			AllowFrom: config.Prefixes(t.AllowFrom),
		}
	}
	n.agent, err = sip.Listen(sip.Config{
		Listen: c.SIP.Listen, Advertise: c.SIP.Advertise,
		TLSCert: c.SIP.TLSCert, TLSKey: c.SIP.TLSKey, TLSRoots: c.SIP.TLSRoots,
		Trunks: trunks, Allow: config.Prefixes(c.SIP.Allow),
	}, sip.WithLogger(n.log))
	return err
}

func (n *Node) startBridge(ctx context.Context, opts Options) error {
	provider, err := n.provider(opts)
	if err != nil {
		return err
	}
	c := n.cfg
	n.outbox = sms.NewOutbox(n.store, provider, sms.OutboxConfig{
		Changed: func(m state.Message) { n.bridge.MessageChanged(m) },
		Log:     n.log,
	})
	var callerIDs []string
	tellHold := map[string]bool{}
	for _, t := range c.Trunks {
		callerIDs = append(callerIDs, t.CallerIDs...)
		tellHold[t.Name] = t.Hold == "reinvite"
	}
	n.bridge, err = bridge.New(bridge.Config{
		Store:  n.store,
		Mixer:  mixer{n.engine},
		Dialer: dialer{n.agent},
		Texter: n.outbox,
		Limits: bridge.Limits{
			ParticipantsPerConference: c.Limits.ParticipantsPerConference,
			AddsPerSecond:             float64(c.Limits.AddsPerSecond),
			AddsBurst:                 c.Limits.AddsPerSecond,
		},
		Dial: bridge.DialPolicy{
			RingTimeout:    c.Dial.RingTimeout,
			AllowCountries: c.Dial.AllowCountries,
			DenyPrefixes:   c.Dial.DenyPrefixes,
			AttemptsPerDay: c.Dial.Spend.AttemptsPerDay,
			MinutesPerDay:  c.Dial.Spend.MinutesPerDay,
		},
		CallerIDs: callerIDs,
		TellHold:  func(trunk string) bool { return tellHold[trunk] },
		PINKey:    bolt.Derive(n.key, "pin"),
		Log:       n.log,
	})
	if err != nil {
		return err
	}
	if err := n.bridge.Start(ctx); err != nil {
		return err
	}
	n.owned.Add(1)
	go func() {
		defer n.owned.Done()
		if err := n.outbox.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
			n.failed <- fmt.Errorf("outbox: %w", err)
		}
	}()
	return nil
}

func (n *Node) provider(opts Options) (sms.Provider, error) {
	if opts.Texter != nil {
		return opts.Texter, nil
	}
	if n.cfg.SMS.Provider == "twilio" {
		t := n.cfg.SMS.Twilio
		return sms.NewTwilio(sms.TwilioConfig{
			AccountSID: t.AccountSID, AuthToken: t.AuthToken.Reveal(),
			From: t.From, MessagingServiceSid: t.MessagingServiceSID,
			BaseURL: t.BaseURL, StatusCallback: n.cfg.SMS.StatusCallbackURL,
		})
	}
	w := opts.Texts
	if w == nil {
		w = os.Stderr
	}
	return sms.NewLog(w), nil
}

func (n *Node) startHTTP(_ context.Context, opts Options) (err error) {
	c := n.cfg
	n.api, err = api.New(api.Config{
		Bridge: n.bridge, Store: n.store,
		AdminKey: c.Auth.AdminKey.Reveal(), Version: opts.Version, Log: n.log,
		Ready: n.ready, SMSCallback: n.outbox.StatusCallback(),
		AllowedOrigins: c.HTTP.AllowedOrigins, Registry: n.registry(),
		Limits: api.Limits{
			AddsPerSecond:     float64(c.Limits.AddsPerSecond),
			RequestsPerSecond: float64(c.Limits.RequestsPerSecond),
			RequestBurst:      2 * c.Limits.RequestsPerSecond,
		},
	})
	if err != nil {
		return err
	}
	n.ln, err = net.Listen("tcp", c.HTTP.Listen)
	if err != nil {
		return fmt.Errorf("http: %w", err)
	}
	n.http = api.NewHTTPServer(n.api, c.HTTP.Listen)
	n.owned.Add(1)
	go func() {
		defer n.owned.Done()
		err := error(nil)
		if c.HTTP.TLSCert != "" {
			err = n.http.ServeTLS(n.ln, c.HTTP.TLSCert, c.HTTP.TLSKey)
		} else {
			err = n.http.Serve(n.ln)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			n.failed <- fmt.Errorf("http: %w", err)
		}
	}()
	return nil
}

// ready says why no new work should come here, or nil.
func (n *Node) ready() error {
	n.mu.Lock()
	draining := n.draining
	n.mu.Unlock()
	if draining {
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

// Drain refuses new work; calls go on.
func (n *Node) Drain() {
	n.mu.Lock()
	n.draining = true
	n.mu.Unlock()
	n.bridge.Drain(true)
}

// Idle says whether no participant is on a line or on the way to one.
func (n *Node) Idle() bool {
	st := n.bridge.Stats()
	return st.Participants[state.Pending]+st.Participants[state.Dialing]+st.Participants[state.Connected]+st.Participants[state.Held] == 0
}

const (
	closing  = 10 * time.Second // bounds how long each part may take to end
	farewell = 5 * time.Second  // bounds how long phones may take to answer the last BYE
)

// Close hangs up every call, tells everyone, and ends everything.
func (n *Node) Close() error {
	n.Drain()
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	err := n.bridge.Close(ctx)
	n.sayGoodbye()
	n.down.Do(n.tearDown)
	return err
}

// sayGoodbye waits until the calls that were hung up are over for the phones
// as well: closing the sockets before would leave them off the hook.
func (n *Node) sayGoodbye() {
	end := time.NewTimer(farewell)
	defer end.Stop()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for left := n.agent.Stats().Active; left > 0; left = n.agent.Stats().Active {
		select {
		case <-end.C:
			n.log.Warn("some phones have not confirmed that their call is over", "calls", left)
			return
		case <-poll.C:
		}
	}
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
		_ = n.agent.Close()
	}
	if n.engine != nil {
		_ = n.engine.Close()
	}
	if n.control != nil {
		_ = n.control.Close()
	}
	n.owned.Wait()
	if n.store != nil {
		_ = n.store.Close()
	}
}
