package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"partyline/state"
)

// The scopes of a key. A key without scopes has both.
const (
	ScopeRead  = "read"
	ScopeWrite = "write"
)

const (
	keyIDChars   = 13 // of 8 random bytes in base32
	secretChars  = 52 // of 32 random bytes in base32
	keyNameRunes = 100
)

var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func randomText(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails (crypto/rand, Go 1.24)
	return lowerBase32.EncodeToString(b)
}

// CreateKey makes an API key "pl_<id>_<secret>" for a tenant and returns its
// text, which exists nowhere else: the store keeps its SHA-256. That is enough
// for 256 random bits; a slow hash would only slow us down. Scopes may be
// empty (both).
func CreateKey(ctx context.Context, store state.Store, tenant, name string, scopes []string) (text string, key state.Key, err error) {
	for _, sc := range scopes {
		if sc != ScopeRead && sc != ScopeWrite {
			return "", state.Key{}, fmt.Errorf("unknown scope %q: a scope is %q or %q", sc, ScopeRead, ScopeWrite)
		}
	}
	if why := checkText(name, keyNameRunes); why != "" {
		return "", state.Key{}, fmt.Errorf("the key's name %s", why)
	}
	if !validID(tenant) {
		return "", state.Key{}, fmt.Errorf("tenant %q: a tenant's id is 1 to 80 letters, digits, _ and -", tenant)
	}
	id := randomText(8)
	text = "pl_" + id + "_" + randomText(32)
	sum := sha256.Sum256([]byte(text))
	key = state.Key{ID: id, TenantID: tenant, Name: name, Scopes: scopes, Hash: sum[:], CreatedAt: time.Now().UTC()}
	op, err := state.CreateOp(state.APIKeyKey(id), key)
	if err != nil {
		return "", state.Key{}, err
	}
	if _, err := store.Apply(ctx, op); err != nil {
		return "", state.Key{}, fmt.Errorf("storing the key: %w", err)
	}
	return text, key, nil
}

// ListKeys lists the keys of a tenant ("" for all), oldest first, revoked ones
// included.
func ListKeys(ctx context.Context, store state.Store, tenant string) ([]state.Key, error) {
	records, err := state.LoadAll[state.Key](ctx, store, state.APIKeyPrefix)
	if err != nil {
		return nil, fmt.Errorf("listing keys: %w", err)
	}
	var keys []state.Key
	for _, r := range records {
		if tenant == "" || r.Value.TenantID == tenant {
			keys = append(keys, r.Value)
		}
	}
	slices.SortStableFunc(keys, func(a, b state.Key) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return keys, nil
}

// RevokeKey ends a key's life by its id, at once: every request reads the
// store. Revoking twice changes nothing. An unknown id is state.ErrNotFound.
func RevokeKey(ctx context.Context, store state.Store, id string) error {
	if !validID(id) {
		return fmt.Errorf("key %q: %w", id, state.ErrNotFound)
	}
	for {
		r, err := state.Load[state.Key](ctx, store, state.APIKeyKey(id))
		if err != nil {
			return fmt.Errorf("key %q: %w", id, err)
		}
		if r.Value.RevokedAt != nil {
			return nil
		}
		r.Value.RevokedAt = new(time.Now().UTC())
		op, err := state.UpdateOp(r.Key, r.Value, r.Rev)
		if err != nil {
			return err
		}
		_, err = store.Apply(ctx, op)
		if errors.Is(err, state.ErrConflict) && ctx.Err() == nil {
			continue // somebody changed it meanwhile
		}
		return err
	}
}

// splitKey takes the id out of a key's text; false when it is not shaped like one.
func splitKey(text string) (id string, ok bool) {
	rest, ok := strings.CutPrefix(text, "pl_")
	if !ok {
		return "", false
	}
	id, secret, ok := strings.Cut(rest, "_")
	if !ok || len(id) != keyIDChars || len(secret) != secretChars || !validID(id) {
		return "", false
	}
	return id, true
}

// findKey looks a key's text up. An unknown id costs the same comparison as a
// known one with a wrong secret.
func findKey(ctx context.Context, store state.Store, id, text string) (state.Key, bool, error) {
	sum := sha256.Sum256([]byte(text))
	r, err := state.Load[state.Key](ctx, store, state.APIKeyKey(id))
	switch {
	case errors.Is(err, state.ErrNotFound):
		r.Value.Hash = make([]byte, sha256.Size)
	case err != nil:
		return state.Key{}, false, err
	}
	same := subtle.ConstantTimeCompare(r.Value.Hash, sum[:]) == 1
	return r.Value, same && r.Value.ID == id && r.Value.RevokedAt == nil, nil
}
