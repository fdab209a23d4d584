package node

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"partyline/api"
	"partyline/state"
)

// The control socket is how the program's own commands reach a daemon that
// holds the store: a Unix socket beside the store's file, open to the file's
// owner only.

// ErrNoDaemon: nothing listens at the store's control socket.
var ErrNoDaemon = errors.New("no partyline is running on this store")

func socketPath(storePath string) string { return storePath + ".sock" }

func (n *Node) listenControl(storePath string) error {
	path := socketPath(storePath)
	// The store is locked by us, so a socket that is left there is a dead one's.
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("control socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if errors.Is(err, syscall.EINVAL) { // what the kernel says of a path over some 100 characters
		return fmt.Errorf("control socket: the path %s is too long for a socket; choose a shorter state.path", path)
	}
	if err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		_ = l.Close()
		return fmt.Errorf("control socket: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /keys", n.controlCreateKey)
	mux.HandleFunc("GET /keys", n.controlListKeys)
	mux.HandleFunc("DELETE /keys/{id}", n.controlRevokeKey)
	mux.HandleFunc("GET /snapshot", n.controlSnapshot)
	n.control = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	n.owned.Go(func() { _ = n.control.Serve(l) }) // ends with Close; removes the socket
	return nil
}

// KeyRequest asks for a new API key.
type KeyRequest struct {
	Tenant string   `json:"tenant"`
	Name   string   `json:"name"`
	Scopes []string `json:"scopes"`
}

// KeyReply carries a new key's text, which is shown this once.
type KeyReply struct {
	Text string    `json:"text"`
	Key  state.Key `json:"key"`
}

func (n *Node) controlCreateKey(w http.ResponseWriter, r *http.Request) {
	var q KeyRequest
	if err := json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	text, key, err := api.CreateKey(r.Context(), n.store, q.Tenant, q.Name, q.Scopes)
	reply(w, KeyReply{text, key}, err)
}

func (n *Node) controlListKeys(w http.ResponseWriter, r *http.Request) {
	keys, err := api.ListKeys(r.Context(), n.store, "")
	reply(w, keys, err)
}

func (n *Node) controlRevokeKey(w http.ResponseWriter, r *http.Request) {
	err := api.RevokeKey(r.Context(), n.store, r.PathValue("id"))
	reply(w, struct{}{}, err)
}

func (n *Node) controlSnapshot(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Trailer", "X-Complete")
	if err := n.store.Snapshot(r.Context(), w); err == nil {
		w.Header().Set("X-Complete", "yes") // a copy cut short is not taken for whole
	}
}

func reply(w http.ResponseWriter, v any, err error) {
	if err != nil {
		status := http.StatusUnprocessableEntity
		if errors.Is(err, state.ErrNotFound) {
			status = http.StatusNotFound
		}
		http.Error(w, err.Error(), status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// answering bounds how long the daemon may take for anything but a snapshot.
const answering = 30 * time.Second

// Control talks to the daemon that holds a store.
type Control struct{ client http.Client }

// DialControl finds the daemon of a store; ErrNoDaemon when there is none.
func DialControl(ctx context.Context, storePath string) (*Control, error) {
	path := socketPath(storePath)
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, ErrNoDaemon
	}
	if err != nil {
		return nil, fmt.Errorf("reaching the partyline that runs on %s: %w", storePath, err)
	}
	_ = conn.Close()
	return &Control{client: http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return d.DialContext(ctx, "unix", path)
			},
		},
	}}, nil
}

// CreateKey makes a key in the daemon's store.
func (c *Control) CreateKey(ctx context.Context, q KeyRequest) (r KeyReply, err error) {
	return r, c.call(ctx, "POST", "/keys", q, &r)
}

// Keys lists the keys in the daemon's store.
func (c *Control) Keys(ctx context.Context) (keys []state.Key, err error) {
	return keys, c.call(ctx, "GET", "/keys", nil, &keys)
}

// RevokeKey revokes a key in the daemon's store.
func (c *Control) RevokeKey(ctx context.Context, id string) error {
	return c.call(ctx, "DELETE", "/keys/"+id, nil, &struct{}{})
}

// Snapshot copies the daemon's store to w.
func (c *Control) Snapshot(ctx context.Context, w io.Writer) error {
	res, err := c.do(ctx, "GET", "/snapshot", nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(w, res.Body); err != nil {
		return err
	}
	if res.Trailer.Get("X-Complete") != "yes" {
		return errors.New("the copy was cut short; see the daemon's log")
	}
	return nil
}

func (c *Control) call(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, answering)
	defer cancel()
	res, err := c.do(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return json.NewDecoder(res.Body).Decode(out)
}

func (c *Control) do(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://partyline"+path, body)
	if err != nil {
		return nil, err
	}
	res, err := c.client.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode == http.StatusNotFound {
		_ = res.Body.Close()
		return nil, state.ErrNotFound
	}
	if res.StatusCode != http.StatusOK {
		defer res.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(res.Body, 4096))
		return nil, errors.New(strings.TrimSpace(string(text)))
	}
	return res, nil
}
