package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"text/tabwriter"

	"partyline/api"
	"partyline/cmd/partyline/config"
	"partyline/cmd/partyline/node"
	"partyline/state"
	"partyline/state/bolt"
)

type keyCmd struct {
	Create keyCreateCmd `cmd:"" help:"Create a key and show it, this once."`
	List   keyListCmd   `cmd:"" help:"List keys; never their text."`
	Revoke keyRevokeCmd `cmd:"" help:"Revoke a key at once."`
}

type keyCreateCmd struct {
	withConfig
	Tenant string   `help:"Tenant the key belongs to." default:"default"`
	Name   string   `help:"What the key is for." default:""`
	Scope  []string `help:"read, write; both when left out." enum:"read,write"`
}

func (c keyCreateCmd) Run(ctx context.Context, io streams) error {
	k, err := openKeys(ctx, c.withConfig, io, true)
	if err != nil {
		return err
	}
	defer k.close()
	r, err := k.create(ctx, node.KeyRequest{Tenant: c.Tenant, Name: c.Name, Scopes: c.Scope})
	if err != nil {
		return err
	}
	fmt.Fprintln(io.out, r.Text)
	fmt.Fprintf(io.err, "Key %s of tenant %s. It is shown this once; the store keeps only its hash.\n", r.Key.ID, r.Key.TenantID)
	return nil
}

type keyListCmd struct{ withConfig }

func (c keyListCmd) Run(ctx context.Context, io streams) error {
	k, err := openKeys(ctx, c.withConfig, io, false)
	if err != nil {
		return err
	}
	defer k.close()
	keys, err := k.list(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tTENANT\tNAME\tSCOPES\tCREATED\tREVOKED")
	for _, key := range keys {
		revoked := "-"
		if key.RevokedAt != nil {
			revoked = key.RevokedAt.Format("2006-01-02 15:04")
		}
		scopes := strings.Join(key.Scopes, ",")
		if scopes == "" {
			scopes = "read,write"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", key.ID, key.TenantID, key.Name, scopes, key.CreatedAt.Format("2006-01-02 15:04"), revoked)
	}
	return w.Flush()
}

type keyRevokeCmd struct {
	withConfig
	ID string `arg:"" help:"The key's id, from the list."`
}

func (c keyRevokeCmd) Run(ctx context.Context, io streams) error {
	k, err := openKeys(ctx, c.withConfig, io, false)
	if err != nil {
		return err
	}
	defer k.close()
	err = k.revoke(ctx, c.ID)
	if errors.Is(err, state.ErrNotFound) {
		return fmt.Errorf("there is no key %q; partyline key list shows the ids", c.ID)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(io.out, "Revoked.")
	return nil
}

// keyring reaches the keys through the running daemon, or in the store itself
// when no daemon holds it.
type keyring struct {
	create func(context.Context, node.KeyRequest) (node.KeyReply, error)
	list   func(context.Context) ([]state.Key, error)
	revoke func(context.Context, string) error
	close  func()
}

// A store that does not exist yet is made only for a first key.
func openKeys(ctx context.Context, w withConfig, io streams, first bool) (keyring, error) {
	cfg, err := w.load(io, nil)
	if err != nil {
		return keyring{}, err
	}
	ctl, err := node.DialControl(ctx, cfg.State.Path)
	if err == nil {
		return keyring{ctl.CreateKey, ctl.Keys, ctl.RevokeKey, func() {}}, nil
	}
	if !errors.Is(err, node.ErrNoDaemon) {
		return keyring{}, err
	}
	if _, err := os.Stat(cfg.State.Path); !first && errors.Is(err, fs.ErrNotExist) {
		return keyring{}, fmt.Errorf("there is no store at %s; is --config right?", cfg.State.Path)
	}
	store, err := openStore(cfg)
	if err != nil {
		return keyring{}, err
	}
	return keyring{
		create: func(ctx context.Context, q node.KeyRequest) (node.KeyReply, error) {
			text, key, err := api.CreateKey(ctx, store, q.Tenant, q.Name, q.Scopes)
			return node.KeyReply{Text: text, Key: key}, err
		},
		list:   func(ctx context.Context) ([]state.Key, error) { return api.ListKeys(ctx, store, "") },
		revoke: func(ctx context.Context, id string) error { return api.RevokeKey(ctx, store, id) },
		close:  func() { _ = store.Close() },
	}, nil
}

func openStore(cfg config.Config) (state.Store, error) {
	key, err := bolt.KeyFor(cfg.State.Path, cfg.State.KeyPath())
	if err != nil {
		return nil, err
	}
	return bolt.Open(cfg.State.Path, bolt.Options{Key: key})
}
