package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"partyline/cmd/partyline/config"
	"partyline/cmd/partyline/node"
	"partyline/state/bolt"
)

type storeCmd struct {
	Check   storeCheckCmd   `cmd:"" help:"Read every page and record; exit 1 if any is damaged."`
	Backup  storeBackupCmd  `cmd:"" help:"Copy the store to a file; works while the daemon runs."`
	Restore storeRestoreCmd `cmd:"" help:"Put a checked backup in the store's place; the daemon must be stopped."`
}

// keyTo is the key of a store's file, or of its backup, which must be there.
func keyTo(file string, cfg config.Config) ([]byte, error) {
	if _, err := os.Stat(file); err != nil {
		return nil, err
	}
	return bolt.KeyFor(file, cfg.State.KeyPath())
}

type storeCheckCmd struct{ withConfig }

func (c storeCheckCmd) Run(_ context.Context, io streams) error {
	cfg, err := c.load(io, nil)
	if err != nil {
		return err
	}
	key, err := keyTo(cfg.State.Path, cfg)
	if err != nil {
		return err
	}
	report, err := bolt.Check(cfg.State.Path, key)
	if len(report.Problems) > 0 {
		for _, p := range report.Problems {
			fmt.Fprintln(io.err, p)
		}
		fmt.Fprintf(io.err, "%s is damaged. Put a backup in its place with: partyline store restore\n", report.Path)
		return exitCode(1)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(io.out, "%s is sound: schema %d, %d bytes", report.Path, report.Schema, report.Bytes)
	for _, kind := range slices.Sorted(maps.Keys(report.Records)) {
		fmt.Fprintf(io.out, ", %d %s", report.Records[kind], kind)
	}
	fmt.Fprintln(io.out, ".")
	return nil
}

type storeBackupCmd struct {
	withConfig
	Dest string `arg:"" help:"File to write; must not exist."`
}

func (c storeBackupCmd) Run(ctx context.Context, io streams) error {
	cfg, err := c.load(io, nil)
	if err != nil {
		return err
	}
	ctl, err := node.DialControl(ctx, cfg.State.Path)
	switch {
	case err == nil:
		err = bolt.Backup(ctx, ctl, c.Dest)
	case errors.Is(err, node.ErrNoDaemon):
		var key []byte
		if key, err = keyTo(cfg.State.Path, cfg); err == nil {
			err = bolt.BackupFile(ctx, cfg.State.Path, key, c.Dest)
		}
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(io.out, "Written to %s. It is sealed with %s: keep a copy of that file as well, somewhere else.\n", c.Dest, cfg.State.KeyPath())
	return nil
}

type storeRestoreCmd struct {
	withConfig
	Backup string `arg:"" help:"A file made by store backup."`
	Force  bool   `help:"Replace an existing store."`
}

func (c storeRestoreCmd) Run(_ context.Context, io streams) error {
	cfg, err := c.load(io, nil)
	if err != nil {
		return err
	}
	key, err := keyTo(c.Backup, cfg)
	if err != nil {
		return err
	}
	if err := bolt.Restore(c.Backup, cfg.State.Path, key, c.Force); err != nil {
		return err
	}
	fmt.Fprintf(io.out, "%s now holds what %s kept.\n", cfg.State.Path, c.Backup)
	return nil
}
