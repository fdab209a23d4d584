package media

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"time"

	"partyline/media/codec"
	"partyline/media/sdp"
)

var (
	// ErrNoPorts: every port of the range is taken or resting.
	ErrNoPorts = errors.New("media: no free RTP port pair in the configured range")
	// ErrClosed: the engine or the leg is closed.
	ErrClosed = errors.New("media: closed")
	// ErrNoCodec: the two sides have no codec in common.
	ErrNoCodec = sdp.ErrNoCodec
	// ErrBadSDP: the session description cannot be used.
	ErrBadSDP = sdp.ErrBadSDP
)

// Config of an Engine. The zero value of each field has a meaning.
type Config struct {
	Address    netip.Addr    // where RTP sockets bind; zero: 0.0.0.0
	Advertise  netip.Addr    // what SDP says; zero: Address, or the address of the default route
	PortMin    int           // RTP takes even ports, RTCP the odd one above; 0: any free even port
	PortMax    int           //
	Workers    int           // 0: one per core
	Codecs     []string      // preference: PCMU, PCMA, G722; empty: PCMU, PCMA; others are refused
	Plain      bool          // send each packet by a call of its own, even where the kernel takes a tick's packets at once (io_uring)
	Share      int           // legs of one room that one worker serves; with more, all workers share it; 0: 1500
	Timeout    time.Duration // no RTP and no RTCP for this long is a media timeout; 0: 15 s
	Quarantine time.Duration // a closed leg's port rests this long before reuse; 0: 30 s
}

func (c Config) withDefaults() (Config, error) {
	if !c.Address.IsValid() {
		c.Address = netip.IPv4Unspecified()
	}
	c.Address = c.Address.Unmap()
	if !c.Advertise.IsValid() {
		c.Advertise = c.Address
		if c.Address.IsUnspecified() {
			c.Advertise = defaultRoute(c.Address)
		}
	}
	if c.Advertise.IsUnspecified() || c.Advertise.Is4() != c.Address.Is4() {
		return c, fmt.Errorf("media: cannot advertise %s for sockets bound to %s", c.Advertise, c.Address)
	}
	if err := c.checkPorts(); err != nil {
		return c, err
	}
	if c.Workers < 0 {
		return c, fmt.Errorf("media: %d workers", c.Workers)
	}
	if c.Workers == 0 {
		c.Workers = runtime.NumCPU()
	}
	if c.Share < 0 {
		return c, fmt.Errorf("media: a share of %d legs", c.Share)
	}
	if c.Share == 0 {
		c.Share = 1500
	}
	if c.Timeout < 0 || c.Quarantine < 0 {
		return c, fmt.Errorf("media: negative duration (timeout %s, quarantine %s)", c.Timeout, c.Quarantine)
	}
	if c.Timeout == 0 {
		c.Timeout = 15 * time.Second
	}
	if c.Quarantine == 0 {
		c.Quarantine = 30 * time.Second
	}
	return c, nil
}

func (c Config) checkPorts() error {
	if c.PortMin == 0 && c.PortMax == 0 {
		return nil
	}
	if c.PortMin < 1024 || c.PortMax > 65535 || c.PortMax <= c.PortMin {
		return fmt.Errorf("media: port range %d-%d is not within 1024-65535", c.PortMin, c.PortMax)
	}
	if first := c.PortMin + c.PortMin%2; first+1 > c.PortMax {
		return fmt.Errorf("media: port range %d-%d has no even port with the odd one above", c.PortMin, c.PortMax)
	}
	return nil
}

// codecs turns names into what SDP offers, in order of preference.
func codecs(names []string) ([]sdp.Codec, error) {
	if len(names) == 0 {
		names = []string{"PCMU", "PCMA"}
	}
	var out []sdp.Codec
	for _, name := range names {
		known, ok := codec.Named(name)
		if !ok {
			return nil, fmt.Errorf("media: codec %q is not supported (PCMU, PCMA and G722 are)", name)
		}
		c := sdp.Codec{Name: known.Name(), PT: known.PT(), Rate: known.Clock()}
		for _, have := range out {
			if have == c {
				return nil, fmt.Errorf("media: codec %s is named twice", c.Name)
			}
		}
		out = append(out, c)
	}
	return out, nil
}

// defaultRoute is the address this machine would use to reach the world, or
// loopback when it has no way out. Connecting a UDP socket sends nothing.
func defaultRoute(bound netip.Addr) netip.Addr {
	network, far, fallback := "udp4", "192.0.2.1:9", netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if bound.Is6() {
		network, far, fallback = "udp6", "[2001:db8::1]:9", netip.IPv6Loopback()
	}
	conn, err := net.Dial(network, far)
	if err != nil {
		return fallback
	}
	defer conn.Close()
	addr := conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
	if !addr.IsValid() || addr.IsUnspecified() {
		return fallback
	}
	return addr
}
