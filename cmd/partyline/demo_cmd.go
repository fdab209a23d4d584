package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"partyline/cmd/partyline/demo"
)

type demoCmd struct {
	For    time.Duration `help:"End by itself after this long (at least 30s); until Ctrl-C when left out." placeholder:"30s"`
	Legs   int           `help:"How many phones to dial." default:"0" placeholder:"N"`
	Listen string        `help:"Address of the API; a free port when this one is taken." default:"127.0.0.1:8080"`
	Log    string        `help:"Write the daemon's log to this file." type:"path" placeholder:"FILE"`
}

func (c demoCmd) Run(ctx context.Context, io streams) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	ok, err := demo.Run(ctx, demo.Options{
		For: c.For, Legs: c.Legs, Listen: c.Listen, LogFile: c.Log, Version: versionText(),
		Out: io.out, Terminal: isTerminal(io.out),
	})
	if err != nil {
		return err
	}
	if !ok {
		return exitCode(1)
	}
	return nil
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
