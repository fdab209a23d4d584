package main

import (
	"context"
	"errors"
	"fmt"
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
		return fmt.Errorf("the configuration has errors:\n%w", err)
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
	return c.watch(n, log, level, io, signals)
}

// loopback keeps a daemon that was given no configuration on this machine.
func (c serveCmd) loopback(io streams) func(*config.Config) {
	return func(cfg *config.Config) {
		if _, set := io.getenv("PARTYLINE_SIP_LISTEN"); c.Config == "" && !set && len(cfg.Trunks) == 0 {
			cfg.SIP.Listen = []string{"udp:127.0.0.1:5060"}
		}
	}
}

// watch serves until a signal or a failure: SIGTERM drains, a second one
// stops at once, SIGHUP reads again what can change while running.
func (c serveCmd) watch(n *node.Node, log *slog.Logger, level *slog.LevelVar, io streams, signals <-chan os.Signal) error {
	for {
		select {
		case err := <-n.Failed():
			log.Error("a part cannot go on; stopping", "err", err)
			return errors.Join(err, n.Close())
		case s := <-signals:
			switch {
			case s == syscall.SIGHUP:
				c.reread(log, level, io)
			case c.Handoff:
				log.Info("leaving the calls to a successor")
				n.Abandon()
				return nil
			default:
				return c.drain(n, log, io, signals)
			}
		}
	}
}

func (c serveCmd) reread(log *slog.Logger, level *slog.LevelVar, io streams) {
	cfg, err := c.load(io, nil)
	if err != nil {
		log.Error("the configuration has errors and was not taken", "err", err)
		return
	}
	_ = level.UnmarshalText([]byte(cfg.Log.Level))
	log.Info("configuration read again; log.level is taken, all else needs a restart", "level", cfg.Log.Level)
}

// drain waits for the calls to end by themselves.
func (c serveCmd) drain(n *node.Node, log *slog.Logger, io streams, signals <-chan os.Signal) error {
	limit := 30 * time.Minute
	if cfg, err := c.load(io, nil); err == nil {
		limit = cfg.Shutdown.Drain
	}
	n.Drain()
	log.Info("draining: no new calls; a second signal stops at once", "at_most", limit)
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	poll := time.NewTicker(200 * time.Millisecond)
	defer poll.Stop()
	for !n.Idle() {
		select {
		case s := <-signals:
			if s == syscall.SIGHUP {
				continue
			}
			log.Info("stopping now")
			return n.Close()
		case <-deadline.C:
			log.Info("the time to drain is over: hanging up what is left")
			return n.Close()
		case <-poll.C:
		}
	}
	return n.Close()
}

func newLog(w io.Writer, cfg config.Log, level *slog.LevelVar) *slog.Logger {
	_ = level.UnmarshalText([]byte(cfg.Level)) // validated with the configuration
	opts := &slog.HandlerOptions{Level: level}
	if cfg.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}
