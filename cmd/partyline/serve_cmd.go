package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"partyline/cmd/partyline/config"
	"partyline/cmd/partyline/node"
)

type serveCmd struct {
	withConfig
	Handoff bool `help:"On SIGTERM leave the calls up for a successor on the same address and store, instead of draining."`
}

func (c serveCmd) Run(ctx context.Context, io streams) error {
	cfg, err := c.load(io, c.loopback(io))
	if err != nil {
		return err
	}
	level := new(slog.LevelVar)
	log := newLog(io.err, cfg.Log, level)
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)

	n, err := node.Start(ctx, cfg, node.Options{Log: log, Texts: io.err, Version: versionText()})
	if err != nil {
		return err
	}
	log.Info("partyline serves", "version", versionText(), "api", n.URL(), "sip", n.SIPAddrs(), "trunks", len(cfg.Trunks), "sms", cfg.SMS.Provider)
	if len(cfg.Trunks) == 0 {
		log.Warn("no trunk is configured: nobody can be rung; see partyline config example")
	}
	if cfg.Auth.AdminKey == "" {
		log.Info("make an API key with: partyline key create")
	}
	d := daemon{serveCmd: c, io: io, node: n, log: log, level: level, signals: signals, patience: cfg.Shutdown.Drain}
	return d.watch(ctx)
}

// loopback keeps a daemon that was given no configuration on this machine.
func (c serveCmd) loopback(io streams) func(*config.Config) {
	return func(cfg *config.Config) {
		if _, set := io.getenv("PARTYLINE_SIP_LISTEN"); c.Config == "" && !set && len(cfg.Trunks) == 0 {
			cfg.SIP.Listen = []string{"udp:127.0.0.1:5060"}
		}
	}
}

// daemon is a node under the command of signals.
type daemon struct {
	serveCmd
	io       streams
	node     *node.Node
	log      *slog.Logger
	level    *slog.LevelVar
	signals  <-chan os.Signal
	patience time.Duration // with calls that are up when it is to stop
}

// watch serves until a signal or a failure: SIGTERM drains, a second one
// stops at once, SIGHUP reads again what can change while running.
func (d daemon) watch(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return d.node.Close()
		case err := <-d.node.Failed():
			return d.giveUp(err)
		case s := <-d.signals:
			switch {
			case s == syscall.SIGHUP:
				d.reread()
			case d.Handoff:
				d.log.Info("leaving the calls to a successor")
				d.node.Abandon()
				return nil
			default:
				return d.drain(ctx)
			}
		}
	}
}

func (d daemon) giveUp(err error) error {
	d.log.Error("a part cannot go on; stopping", "err", err)
	return errors.Join(err, d.node.Close())
}

func (d daemon) reread() {
	cfg, err := d.load(d.io, nil)
	if err != nil {
		d.log.Error("the configuration has errors and was not taken", "err", err)
		return
	}
	d.log.Info("configuration read again; log.level is taken, all else needs a restart", "level", cfg.Log.Level)
	_ = d.level.UnmarshalText([]byte(cfg.Log.Level)) // validated with the configuration
}

// drain waits for the calls to end by themselves.
func (d daemon) drain(ctx context.Context) error {
	d.node.Drain()
	d.log.Info("draining: no new calls; a second signal stops at once", "at_most", d.patience)
	deadline := time.NewTimer(d.patience)
	defer deadline.Stop()
	poll := time.NewTicker(200 * time.Millisecond)
	defer poll.Stop()
	for !d.node.Idle() {
		select {
		case <-ctx.Done():
			return d.node.Close()
		case err := <-d.node.Failed():
			return d.giveUp(err)
		case s := <-d.signals:
			if s == syscall.SIGHUP {
				d.reread()
				continue
			}
			d.log.Info("stopping now")
			return d.node.Close()
		case <-deadline.C:
			d.log.Info("the time to drain is over: hanging up what is left")
			return d.node.Close()
		case <-poll.C:
		}
	}
	return d.node.Close()
}

func newLog(w io.Writer, cfg config.Log, level *slog.LevelVar) *slog.Logger {
	_ = level.UnmarshalText([]byte(cfg.Level)) // validated with the configuration
	opts := &slog.HandlerOptions{Level: level}
	if cfg.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}
