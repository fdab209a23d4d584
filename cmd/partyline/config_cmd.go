package main

import (
	"errors"
	"fmt"

	"partyline/cmd/partyline/config"
)

type configCmd struct {
	Check   configCheckCmd   `cmd:"" help:"Validate; complaints name file and line."`
	Example configExampleCmd `cmd:"" help:"Print a commented example that validates."`
}

type configCheckCmd struct{ withConfig }

func (c configCheckCmd) Run(io streams) error {
	_, err := c.load(io, nil)
	var ps config.Problems
	if errors.As(err, &ps) {
		for _, p := range ps {
			fmt.Fprintln(io.err, p)
		}
		return exitCode(1)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(io.out, "The configuration is valid.")
	return nil
}

type configExampleCmd struct{}

func (configExampleCmd) Run(io streams) error {
	_, err := io.out.Write(config.Example)
	return err
}
