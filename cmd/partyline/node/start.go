package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"

	"partyline/api"
	"partyline/bridge"
	"partyline/cmd/partyline/config"
	"partyline/media"
	"partyline/sip"
	"partyline/sms"
	"partyline/state"
	"partyline/state/bolt"
)

// The steps of Start, in their order: each lends its room to the next.

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

// security is what a trunk's srtp in the configuration means.
var security = map[string]media.Security{
	"off": media.SRTPOff, "optional": media.SRTPOptional, "required": media.SRTPRequired,
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
	}, sip.WithLogger(n.log), sip.WithIncoming(n.incoming))
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
	tellHold, srtp := map[string]bool{}, map[string]media.Security{}
	for _, t := range c.Trunks {
		callerIDs = append(callerIDs, t.CallerIDs...)
		tellHold[t.Name] = t.Hold == "reinvite"
		srtp[t.Name] = security[t.SRTP]
	}
	n.bridge, err = bridge.New(bridge.Config{
		Store:  n.store,
		Mixer:  mixer{n.engine},
		Dialer: dialer{n.agent},
		Texter: n.outbox,
		Voice:  n.voice, Shelf: n.shelf, Recorder: recorder{n.studio},
		Language: c.Sounds.Language, Retention: c.Recording.Retention,
		Limits: bridge.Limits{
			ParticipantsPerConference: c.Limits.ParticipantsPerConference,
			AddsPerSecond:             c.Limits.AddsPerSecond,
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
		SRTP:      func(trunk string) media.Security { return srtp[trunk] },
		PINKey:    bolt.Derive(n.key, "pin"),
		Log:       n.log,
	})
	if err != nil {
		return err
	}
	if err := n.bridge.Start(ctx); err != nil {
		return err
	}
	n.answering.Store(n.bridge)
	n.owned.Go(func() {
		if err := n.outbox.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
			n.failed <- fmt.Errorf("outbox: %w", err)
		}
	})
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
	n.http = api.NewHTTPServer(n.api, c.HTTP.Listen)
	serve := n.http.Serve
	if c.HTTP.TLSCert != "" {
		cert, err := tls.LoadX509KeyPair(c.HTTP.TLSCert, c.HTTP.TLSKey)
		if err != nil {
			return fmt.Errorf("http.tls_cert: %w", err)
		}
		n.http.TLSConfig.Certificates = []tls.Certificate{cert}
		serve = func(l net.Listener) error { return n.http.ServeTLS(l, "", "") }
	}
	n.ln, err = net.Listen("tcp", c.HTTP.Listen)
	if err != nil {
		return fmt.Errorf("http.listen: %w", err)
	}
	n.owned.Go(func() {
		if err := serve(n.ln); !errors.Is(err, http.ErrServerClosed) {
			n.failed <- fmt.Errorf("http: %w", err)
		}
	})
	return nil
}
