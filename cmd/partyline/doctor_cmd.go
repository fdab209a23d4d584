package main

import (
	"context"
	"errors"
	"fmt"

	"partyline/cmd/partyline/config"
	"partyline/cmd/partyline/doctor"
	"partyline/cmd/partyline/node"
)

type doctorCmd struct{ withConfig }

func (c doctorCmd) Run(ctx context.Context, io streams) error {
	cfg, err := c.load(io, serveCmd{withConfig: c.withConfig}.loopback(io))
	var ps config.Problems
	if errors.As(err, &ps) {
		for _, p := range ps {
			doctor.Print(io.out, doctor.Finding{Verdict: doctor.Fail, What: "configuration", Detail: p.Error()})
		}
		return exitCode(1)
	}
	if err != nil {
		return err
	}
	doctor.Print(io.out, doctor.Finding{What: "configuration", Detail: "valid"})
	_, noDaemon := node.DialControl(ctx, cfg.State.Path)
	worst := doctor.Examine(ctx, cfg, doctor.Options{Running: noDaemon == nil}, func(f doctor.Finding) { doctor.Print(io.out, f) })
	if worst == doctor.Fail {
		return exitCode(1)
	}
	fmt.Fprintln(io.out, "Nothing here would stop a call.")
	return nil
}
