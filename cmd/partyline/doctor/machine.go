package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"partyline/cmd/partyline/config"
	"partyline/state"
	"partyline/state/bolt"
)

// store looks at the folder, the key and the file of the store.
func store(_ context.Context, cfg config.Config, o Options) []Finding {
	path := cfg.State.Path
	dir := filepath.Dir(path)
	probe, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return []Finding{{Fail, "store", fmt.Sprintf("cannot write in %s: %v", dir, err), "Let the daemon's user write there, or set state.path"}}
	}
	_ = probe.Close()
	_ = os.Remove(probe.Name())
	var out []Finding
	if free, ok := freeBytes(dir); ok && free < 100<<20 {
		out = append(out, Finding{Fail, "disk", fmt.Sprintf("only %d MB are free in %s: adds will be refused when it is full", free>>20, dir), "Make room"})
	}
	if o.Running {
		return append(out, Finding{OK, "store", path + " is in use by the running daemon", ""})
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return append(out, Finding{OK, "store", path + " will be made at the first start", ""})
	}
	key, err := bolt.ReadKey(cfg.State.KeyPath())
	if err != nil {
		return append(out, Finding{Fail, "store", err.Error(), "Put the key file back; without it the store cannot be read"})
	}
	if _, err := bolt.Check(path, key); err != nil {
		remedy := "Restore a backup with: partyline store restore"
		if !errors.Is(err, state.ErrCorrupt) {
			remedy = "Is another program using it?"
		}
		return append(out, Finding{Fail, "store", err.Error(), remedy})
	}
	return append(out, Finding{OK, "store", path + " is sound", ""})
}

// files compares the open-file limit with what the media ports need: two
// sockets for each line.
func files(_ context.Context, cfg config.Config, _ Options) []Finding {
	limit, ok := fileLimit()
	if !ok {
		return nil
	}
	lines := 0
	for _, t := range cfg.Trunks {
		lines += t.Channels
	}
	low, high, err := cfg.Media.PortRange()
	if err == nil {
		if ports := (high - low + 1) / 2; lines > ports {
			return []Finding{{Warn, "media ports", fmt.Sprintf("%s is enough for %d lines, the trunks allow %d", cfg.Media.Ports, ports, lines), "Widen media.ports"}}
		}
	}
	if need := uint64(2*lines + 256); limit < need {
		return []Finding{{Warn, "open files", fmt.Sprintf("the limit of %d is enough for %d lines, the trunks allow %d", limit, (limit-256)/2, lines), fmt.Sprintf("Raise it: ulimit -n %d, or LimitNOFILE in the unit", need)}}
	}
	return []Finding{{OK, "open files", fmt.Sprintf("the limit of %d is enough for %d lines", limit, lines), ""}}
}

// ports tries to bind what the daemon will bind.
func ports(_ context.Context, cfg config.Config, o Options) []Finding {
	if o.Running {
		return []Finding{{OK, "ports", "in use by the running daemon", ""}}
	}
	var out []Finding
	try := func(what, network, addr string) {
		var err error
		if network == "udp" {
			var c net.PacketConn
			if c, err = net.ListenPacket("udp", addr); err == nil {
				_ = c.Close()
			}
		} else {
			var l net.Listener
			if l, err = net.Listen("tcp", addr); err == nil {
				_ = l.Close()
			}
		}
		if err != nil {
			out = append(out, Finding{Fail, what, err.Error(), "Stop what uses the address, or choose another"})
			return
		}
		out = append(out, Finding{OK, what, addr + " is free", ""})
	}
	try("http.listen", "tcp", cfg.HTTP.Listen)
	for _, l := range cfg.SIP.Listen {
		network, addr, _ := strings.Cut(l, ":")
		try("sip.listen "+network, network, addr)
	}
	if low, _, err := cfg.Media.PortRange(); err == nil {
		try("media.ports", "udp", net.JoinHostPort(cfg.Media.Address, fmt.Sprint(low)))
	}
	if strings.HasPrefix(cfg.HTTP.Listen, "127.") || strings.HasPrefix(cfg.HTTP.Listen, "localhost") || cfg.HTTP.TLSCert != "" {
		return out
	}
	return append(out, Finding{Warn, "http.listen", cfg.HTTP.Listen + " is reachable from outside without TLS: keys travel in the clear", "Set http.tls_cert and tls_key, or put a TLS proxy before it"})
}
