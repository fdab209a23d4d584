package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"partyline/cmd/partyline/config"
	"partyline/state"
	"partyline/state/bolt"
)

func clock(context.Context, config.Config, Options) []Finding {
	now := time.Now()
	if now.Year() < 2026 {
		return []Finding{{Fail, "clock", "this machine believes it is " + now.Format(time.RFC1123), "Set the clock; TLS and scheduled conferences depend on it"}}
	}
	return []Finding{{OK, "clock", now.UTC().Format(time.RFC3339), ""}}
}

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
	if free, ok := freeBytes(dir); ok {
		out = append(out, space(free, dir))
	}
	if o.Running {
		return append(out, Finding{OK, "store", path + " is in use by the running daemon", ""})
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return append(out, Finding{OK, "store", path + " will be made at the first start", ""})
	}
	key, err := bolt.KeyFor(path, cfg.State.KeyPath())
	if err != nil {
		return append(out, Finding{Fail, "store", err.Error(), "Without its key the store cannot be read"})
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

// little is the room below which a store may be full within a day.
const little = 100 << 20 // bytes

func space(free uint64, dir string) Finding {
	if free < little {
		return Finding{Fail, "disk", fmt.Sprintf("only %d MB are free in %s: adds will be refused when it is full", free>>20, dir), "Make room"}
	}
	return Finding{OK, "disk", fmt.Sprintf("%d MB are free in %s", free>>20, dir), ""}
}

// lines compares what the trunks allow with what this machine has: two ports
// and two open files for each line.
func lines(_ context.Context, cfg config.Config, _ Options) []Finding {
	wanted := 0
	for _, t := range cfg.Trunks {
		wanted += t.Channels
	}
	var out []Finding
	if low, high, err := cfg.Media.PortRange(); err == nil {
		out = append(out, enoughPorts((high-low+1)/2, wanted, cfg.Media.Ports))
	}
	if limit, ok := fileLimit(); ok {
		out = append(out, enoughFiles(limit, wanted))
	}
	return out
}

func enoughPorts(have, wanted int, ports string) Finding {
	if have < wanted {
		return Finding{Warn, "media ports", fmt.Sprintf("%s is enough for %d lines, the trunks allow %d", ports, have, wanted), "Widen media.ports"}
	}
	return Finding{OK, "media ports", fmt.Sprintf("%s is enough for %d lines", ports, wanted), ""}
}

// besides are the open files of a daemon without calls, generously: store,
// log, listeners, API clients.
const besides = 256

func enoughFiles(limit uint64, wanted int) Finding {
	if need := uint64(2*wanted + besides); limit < need {
		room := (max(limit, besides) - besides) / 2
		return Finding{Warn, "open files", fmt.Sprintf("the limit of %d is enough for %d lines, the trunks allow %d", limit, room, wanted), fmt.Sprintf("Raise it: ulimit -n %d, or LimitNOFILE in the unit", need)}
	}
	return Finding{OK, "open files", fmt.Sprintf("the limit of %d is enough for %d lines", limit, wanted), ""}
}

// addresses tries to bind what the daemon will bind.
func addresses(_ context.Context, cfg config.Config, o Options) []Finding {
	if o.Running {
		return []Finding{{OK, "addresses", "in use by the running daemon", ""}, exposed(cfg.HTTP)}
	}
	out := []Finding{bind("http.listen", "tcp", cfg.HTTP.Listen), exposed(cfg.HTTP)}
	for _, l := range cfg.SIP.Listen {
		network, addr, _ := strings.Cut(l, ":")
		out = append(out, bind("sip.listen "+network, network, addr))
	}
	return append(out, bind("media.address", "udp", net.JoinHostPort(cfg.Media.Address, "0")))
}

func bind(what, network, addr string) Finding {
	var held interface{ Close() error }
	var err error
	if network == "udp" {
		held, err = net.ListenPacket("udp", addr)
	} else {
		held, err = net.Listen("tcp", addr)
	}
	if err != nil {
		return Finding{Fail, what, err.Error(), "Stop what uses the address, or choose another"}
	}
	_ = held.Close()
	return Finding{OK, what, addr + " can be bound", ""}
}

// exposed warns of keys that travel in the clear.
func exposed(h config.HTTP) Finding {
	host, _, _ := net.SplitHostPort(h.Listen)
	ip, err := netip.ParseAddr(host)
	if h.TLSCert != "" || host == "localhost" || (err == nil && ip.IsLoopback()) {
		return Finding{OK, "http", "keys do not travel in the clear from here", ""}
	}
	return Finding{Warn, "http", h.Listen + " is reachable from outside without TLS: keys travel in the clear", "Set http.tls_cert and tls_key, or put a TLS proxy before it"}
}
