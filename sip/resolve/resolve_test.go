package resolve

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var _ Resolver = net.DefaultResolver

// zone is a fake DNS: hosts and "_sip._udp.example.com" records. A name in
// broken fails as a server would that does not answer.
type zone struct {
	hosts  map[string][]string
	srv    map[string][]*net.SRV
	broken map[string]bool
	dead   bool
	hang   bool
	asked  []string
}

func (z *zone) fail(ctx context.Context, name string) error {
	z.asked = append(z.asked, name)
	if z.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	if z.dead || z.broken[name] {
		return &net.DNSError{Err: "server misbehaving", Name: name, IsTemporary: true}
	}
	return nil
}

func notFound(name string) error {
	return &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func (z *zone) LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error) {
	name = "_" + service + "._" + proto + "." + name
	if err := z.fail(ctx, name); err != nil {
		return "", nil, err
	}
	if r, ok := z.srv[name]; ok {
		return name, r, nil
	}
	return "", nil, notFound(name)
}

func (z *zone) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	host = strings.TrimSuffix(host, ".")
	if err := z.fail(ctx, host); err != nil {
		return nil, err
	}
	var out []netip.Addr
	for _, s := range z.hosts[host] {
		out = append(out, netip.MustParseAddr(s))
	}
	if len(out) == 0 {
		return nil, notFound(host)
	}
	return out, nil
}

func carrier() *zone {
	return &zone{
		hosts: map[string][]string{
			"a.example":       {"192.0.2.1", "2001:db8::1"},
			"sbc1.example":    {"192.0.2.11"},
			"sbc2.example":    {"192.0.2.12"},
			"sbc3.example":    {"::ffff:192.0.2.13", "192.0.2.13"},
			"carrier.example": {"192.0.2.99"},
			"strange.example": {"0.0.0.0", "224.0.0.1"},
			"nosip.example":   {"192.0.2.50"},
		},
		srv: map[string][]*net.SRV{
			"_sip._udp.carrier.example":  {{Target: "sbc2.example.", Port: 5070, Priority: 20}, {Target: "sbc1.example.", Port: 5060, Priority: 10}},
			"_sip._tcp.carrier.example":  {{Target: "sbc3.example.", Port: 5080, Priority: 1}},
			"_sips._tcp.carrier.example": {{Target: "sbc1.example.", Port: 5061, Priority: 1}},
			"_sip._udp.half.example":     {{Target: "gone.example.", Port: 5060, Priority: 1}, {Target: "sbc2.example.", Port: 5060, Priority: 2}},
			"_sip._udp.lost.example":     {{Target: "gone.example.", Port: 5060}},
			"_sip._udp.nosip.example":    {{Target: "."}},
		},
	}
}

func list(ts []Target) string {
	var s []string
	for _, t := range ts {
		s = append(s, t.String())
	}
	return strings.Join(s, " ")
}

func TestResolve(t *testing.T) {
	for uri, want := range map[string]string{
		"sip:192.0.2.7":                            "udp:192.0.2.7:5060",
		"sip:user@192.0.2.7:5070":                  "udp:192.0.2.7:5070",
		"sip:192.0.2.7;transport=TCP":              "tcp:192.0.2.7:5060",
		"sip:192.0.2.7;transport=tls":              "tls:192.0.2.7:5061",
		"sips:192.0.2.7":                           "tls:192.0.2.7:5061",
		"sips:192.0.2.7:5070;transport=tcp":        "tls:192.0.2.7:5070",
		"sip:[2001:db8::7]":                        "udp:[2001:db8::7]:5060",
		"sip:[::ffff:192.0.2.7]:5062":              "udp:192.0.2.7:5062",
		"sip:a.example":                            "udp:192.0.2.1:5060 udp:[2001:db8::1]:5060",
		"sip:A.Example;transport=tcp":              "tcp:192.0.2.1:5060 tcp:[2001:db8::1]:5060",
		"sips:a.example":                           "tls:192.0.2.1:5061 tls:[2001:db8::1]:5061",
		"sips:a.example:5070":                      "tls:192.0.2.1:5070 tls:[2001:db8::1]:5070",
		"sip:carrier.example":                      "udp:192.0.2.11:5060 udp:192.0.2.12:5070 tcp:192.0.2.13:5080",
		"sip:carrier.example.;transport=udp":       "udp:192.0.2.11:5060 udp:192.0.2.12:5070",
		"sip:carrier.example;transport=tcp":        "tcp:192.0.2.13:5080",
		"sip:carrier.example;transport=tls":        "tls:192.0.2.11:5061",
		"sips:carrier.example":                     "tls:192.0.2.11:5061",
		"sip:carrier.example:5062":                 "udp:192.0.2.99:5062",
		"sip:carrier.example:5062;transport=tcp":   "tcp:192.0.2.99:5062",
		"sip:half.example":                         "udp:192.0.2.12:5060",
		"sip:+12025550100@carrier.example:5060;lr": "udp:192.0.2.99:5060",
	} {
		f := Finder{Resolver: carrier(), IntN: func(uint64) uint64 { return 0 }}
		got, err := f.Resolve(t.Context(), uri)
		if err != nil || list(got) != want {
			t.Errorf("%s: %s %v, want %s", uri, list(got), err, want)
		}
	}
}

func TestServerNameIsTheDomain(t *testing.T) {
	f := Finder{Resolver: carrier()}
	got, err := f.Resolve(t.Context(), "sips:Carrier.Example")
	if err != nil || len(got) != 1 || got[0].ServerName != "carrier.example" {
		t.Fatalf("%+v %v", got, err)
	}
}

func TestRefusals(t *testing.T) {
	for uri, want := range map[string]error{
		"":                                    ErrURI,
		"tel:+12025550100":                    ErrURI,
		"sip:":                                ErrURI,
		"sip:a.example;transport=sctp":        ErrURI,
		"sips:a.example;transport=udp":        ErrURI,
		"sip:a..example":                      ErrURI,
		"sip:a.exa$mple":                      ErrURI,
		"sip:" + strings.Repeat("a.", 200):    ErrURI,
		"sip:nosip.example":                   ErrNoService,
		"sip:strange.example;transport=udp":   ErrNoHost,
		"sip:a.example:99999":                 ErrURI,
		"sip:\r\nVia: x@a.example":            ErrURI,
		"sip:a.example\r\n;transport=udp":     ErrURI,
		"http://a.example":                    ErrURI,
		"sip:[2001:db8::7":                    ErrURI,
		"sip:2001:db8::7":                     ErrURI,
		"sip:a.example;transport=udp\r\nX: y": ErrURI,
	} {
		f := Finder{Resolver: carrier()}
		if got, err := f.Resolve(t.Context(), uri); !errors.Is(err, want) {
			t.Errorf("%q: %v %v, want %v", uri, got, err, want)
		}
	}
	f := Finder{Resolver: carrier()}
	for _, uri := range []string{"sip:missing.example", "sip:lost.example"} {
		var dns *net.DNSError
		if got, err := f.Resolve(t.Context(), uri); !errors.As(err, &dns) {
			t.Errorf("%s: %v %v", uri, got, err)
		}
	}
}

// Among records of one priority each comes first in the share of its weight.
func TestWeights(t *testing.T) {
	z := carrier()
	z.srv["_sip._udp.w.example"] = []*net.SRV{
		{Target: "sbc1.example.", Port: 1, Weight: 30},
		{Target: "sbc2.example.", Port: 2, Weight: 10},
		{Target: "sbc3.example.", Port: 3, Weight: 0},
	}
	var at uint64
	f := Finder{Resolver: z, IntN: func(n uint64) uint64 { at = (at + 1) % 41; return at % n }}
	first := map[uint16]int{}
	for range 410 {
		got, err := f.Resolve(t.Context(), "sip:w.example;transport=udp")
		if err != nil || len(got) != 3 {
			t.Fatal(got, err)
		}
		first[got[0].Addr.Port()]++
	}
	if first[1] < 2*first[2] || first[2] < 2*first[3] || first[3] == 0 {
		t.Fatalf("first choices %v for weights 30:10:0", first)
	}
}

func TestLastGoodAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := carrier()
		f := Finder{Resolver: z}
		good, err := f.Resolve(t.Context(), "sip:carrier.example")
		if err != nil {
			t.Fatal(err)
		}
		z.dead = true
		if got, err := f.Resolve(t.Context(), "sip:carrier.example"); err != nil || !slices.Equal(got, good) {
			t.Fatalf("a fresh answer is used as it is: %v %v", got, err)
		}
		time.Sleep(time.Hour)
		got, err := f.Resolve(t.Context(), "sip:carrier.example")
		if err != nil || list(got) != list(good) || !got[0].Stale {
			t.Fatalf("with DNS dead: %v %v", got, err)
		}
		if _, err := f.Resolve(t.Context(), "sip:a.example"); err == nil {
			t.Fatal("an address out of nowhere")
		}
		time.Sleep(24 * time.Hour)
		if got, err := f.Resolve(t.Context(), "sip:carrier.example"); err == nil {
			t.Fatalf("a day old answer: %v", got)
		}
		z.dead = false
		if got, err := f.Resolve(t.Context(), "sip:carrier.example"); err != nil || got[0].Stale {
			t.Fatalf("after recovery: %v %v", got, err)
		}
	})
}

// A domain that had SRV records is not sent to its web server because SRV
// cannot be asked for a while; one that never had any is still reached.
func TestSRVUnasked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := carrier()
		f := Finder{Resolver: z}
		for _, uri := range []string{"sip:carrier.example;transport=udp", "sip:a.example;transport=udp"} {
			if _, err := f.Resolve(t.Context(), uri); err != nil {
				t.Fatal(err)
			}
		}
		z.broken = map[string]bool{"_sip._udp.carrier.example": true, "_sip._udp.a.example": true}
		z.hosts["a.example"] = []string{"192.0.2.2"}
		time.Sleep(time.Minute)
		got, err := f.Resolve(t.Context(), "sip:carrier.example;transport=udp")
		if err != nil || !got[0].Stale || got[0].Addr.Port() != 5060 || got[0].Addr.Addr().String() != "192.0.2.11" {
			t.Fatalf("%v %v", got, err)
		}
		got, err = f.Resolve(t.Context(), "sip:a.example;transport=udp")
		if err != nil || got[0].Stale || list(got) != "udp:192.0.2.2:5060" {
			t.Fatalf("%v %v", got, err)
		}
	})
}

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := carrier()
		z.hang = true
		f := Finder{Resolver: z}
		start := time.Now()
		if _, err := f.Resolve(t.Context(), "sip:carrier.example"); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if d := time.Since(start); d != 4*time.Second {
			t.Fatalf("took %v", d)
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	z := carrier()
	f := Finder{Resolver: z, Fresh: time.Hour}
	for i := range 3 * maxKnown {
		name := "h" + strings.Repeat("x", i%50) + string(rune('a'+i%26)) + ".example"
		z.hosts[name] = []string{"192.0.2.1"}
		for _, tr := range []string{"udp", "tcp"} {
			if _, err := f.Resolve(t.Context(), "sip:"+name+";transport="+tr); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(f.known) > maxKnown {
		t.Fatalf("%d names kept", len(f.known))
	}
}
