package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

var (
	e164    = regexp.MustCompile(`^\+[1-9]\d{1,14}$`)
	country = regexp.MustCompile(`^[A-Z]{2}$`)
	prefix  = regexp.MustCompile(`^\+\d{1,15}$`)

	language = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
)

// validate returns complaints whose Where is a key's path.
func validate(c Config) Problems {
	var ps Problems
	bad := func(path, format string, args ...any) {
		ps = append(ps, Problem{path, fmt.Sprintf(format, args...)})
	}
	if _, _, err := net.SplitHostPort(c.HTTP.Listen); err != nil {
		bad("http.listen", "%q is not host:port", c.HTTP.Listen)
	}
	if (c.HTTP.TLSCert == "") != (c.HTTP.TLSKey == "") {
		bad("http.tls_cert", "tls_cert and tls_key go together")
	}
	validateSIP(c.SIP, bad)
	validateMedia(c.Media, bad)
	names := map[string]bool{}
	for i, t := range c.Trunks {
		path := fmt.Sprintf("trunks[%d]", i)
		validateTrunk(path, t, bad)
		if names[t.Name] {
			bad(path+".name", "two trunks are called %q", t.Name)
		}
		names[t.Name] = true
	}
	validateDial(c.Dial, bad)
	validateSMS(c.SMS, bad)
	if c.State.Path == "" {
		bad("state.path", "must name a file")
	}
	if k := c.Auth.AdminKey.Reveal(); k != "" && len(k) < 16 {
		bad("auth.admin_key", "is too short: at least 16 characters")
	}
	if n := c.Limits.ParticipantsPerConference; n < 1 || n > 100000 {
		bad("limits.participants_per_conference", "%d is not between 1 and 100000", n)
	}
	if n := c.Limits.AddsPerSecond; n < 1 || n > 10000 {
		bad("limits.adds_per_second", "%d is not between 1 and 10000", n)
	}
	if n := c.Limits.RequestsPerSecond; n < 1 || n > 1000000 {
		bad("limits.requests_per_second", "%d is not between 1 and 1000000", n)
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.Log.Level) {
		bad("log.level", "%q is none of debug, info, warn, error", c.Log.Level)
	}
	if !slices.Contains([]string{"text", "json"}, c.Log.Format) {
		bad("log.format", "%q is neither text nor json", c.Log.Format)
	}
	if !within(c.Shutdown.Drain, 0, 24*time.Hour) {
		bad("shutdown.drain", "%v is not between 0 and 24h", c.Shutdown.Drain)
	}
	if c.Recording.Dir == "" {
		bad("recording.dir", "must name a folder")
	}
	if !within(c.Recording.Retention, time.Hour, 20*365*24*time.Hour) {
		bad("recording.retention", "%v is not between 1h and 20 years", c.Recording.Retention)
	}
	if c.Sounds.Dir == "" {
		bad("sounds.dir", "must name a folder")
	}
	if c.Sounds.Dir != "" && filepath.Clean(c.State.Beside(c.Sounds.Dir)) == filepath.Clean(c.State.Beside(c.Recording.Dir)) {
		bad("sounds.dir", "must be another folder than recording.dir")
	}
	if !language.MatchString(c.Sounds.Language) {
		bad("sounds.language", "%q is not a language such as en or es-MX", c.Sounds.Language)
	}
	if c.Cluster.Enabled {
		bad("cluster.enabled", "this version runs alone; leave it false")
	}
	return ps
}

func validateSIP(s SIP, bad func(string, string, ...any)) {
	if len(s.Listen) == 0 {
		bad("sip.listen", "needs at least one address, such as udp:0.0.0.0:5060")
	}
	for i, l := range s.Listen {
		path := fmt.Sprintf("sip.listen[%d]", i)
		network, addr, ok := strings.Cut(l, ":")
		if _, _, err := net.SplitHostPort(addr); !ok || err != nil || !slices.Contains([]string{"udp", "tcp", "tls"}, network) {
			bad(path, "%q is not udp:, tcp: or tls: and an address, such as udp:0.0.0.0:5060", l)
		}
		if network == "tls" && (s.TLSCert == "" || s.TLSKey == "") {
			bad(path, "needs sip.tls_cert and sip.tls_key")
		}
	}
	for i, a := range s.Allow {
		if _, err := parsePrefix(a); a != "trunk" && err != nil {
			bad(fmt.Sprintf("sip.allow[%d]", i), "%q is neither an address range (192.0.2.0/24) nor the word trunk", a)
		}
	}
}

func validateMedia(m Media, bad func(string, string, ...any)) {
	for path, a := range map[string]string{"media.address": m.Address, "media.advertise": m.Advertise} {
		if a == "" {
			continue
		}
		if _, err := netip.ParseAddr(a); err != nil {
			bad(path, "%q is not an IP address", a)
		}
	}
	if _, _, err := m.PortRange(); err != nil {
		bad("media.ports", "%v", err)
	}
	if m.Workers < 0 || m.Workers > 1024 {
		bad("media.workers", "%d is not between 0 (one per core) and 1024", m.Workers)
	}
	for i, c := range m.Codecs {
		if !slices.Contains([]string{"PCMU", "PCMA", "G722", "opus"}, c) {
			bad(fmt.Sprintf("media.codecs[%d]", i), "%q is none of PCMU, PCMA, G722, opus", c)
		}
	}
	if offered, _ := m.Offered(); len(m.Codecs) > 0 && len(offered) == 0 {
		bad("media.codecs", "this version can only speak PCMU, PCMA and G722; name at least one of them")
	}
	if !within(m.Timeout, 5*time.Second, 10*time.Minute) {
		bad("media.timeout", "%v is not between 5s and 10m", m.Timeout)
	}
}

// Offered splits the codecs into those this version speaks and those it does
// not know yet; the latter are left out of offers.
func (m Media) Offered() (offered, left []string) {
	for _, c := range m.Codecs {
		if c != "opus" {
			offered = append(offered, c)
		} else {
			left = append(left, c)
		}
	}
	return offered, left
}

// PortRange reads "20000-29999".
func (m Media) PortRange() (low, high int, err error) {
	a, b, _ := strings.Cut(m.Ports, "-")
	low, err1 := strconv.Atoi(strings.TrimSpace(a))
	high, err2 := strconv.Atoi(strings.TrimSpace(b))
	if err1 != nil || err2 != nil || low < 1024 || high > 65535 || high-low < 1 {
		return 0, 0, fmt.Errorf("%q is not a range of ports between 1024 and 65535, such as 20000-29999", m.Ports)
	}
	return low, high, nil
}

func validateTrunk(path string, t Trunk, bad func(string, string, ...any)) {
	if t.Name == "" {
		bad(path+".name", "a trunk needs a name")
	}
	var u sip.Uri
	if err := sip.ParseUri(t.URI, &u); err != nil || (u.Scheme != "sip" && u.Scheme != "sips") || u.Host == "" || u.User != "" {
		bad(path+".uri", "%q is not a SIP URI, such as sip:carrier.example:5060;transport=udp", t.URI)
	}
	for i, id := range t.CallerIDs {
		if !e164.MatchString(id) {
			bad(fmt.Sprintf("%s.caller_ids[%d]", path, i), "%q is not an E.164 number, such as +12025550000", id)
		}
	}
	if len(t.CallerIDs) == 0 {
		bad(path+".caller_ids", "needs at least one number to call from")
	}
	if t.CPS < 0 || t.CPS > 10000 {
		bad(path+".cps", "%v is not between 0 and 10000", t.CPS)
	}
	if t.Channels < 0 {
		bad(path+".channels", "%d is negative", t.Channels)
	}
	if !slices.Contains([]string{"off", "optional", "required"}, t.SRTP) {
		bad(path+".srtp", "%q is none of off, optional, required", t.SRTP)
	}
	if t.Hold != "music" && t.Hold != "reinvite" {
		bad(path+".hold", "%q is neither music nor reinvite", t.Hold)
	}
	for i, a := range t.AllowFrom {
		if _, err := parsePrefix(a); err != nil {
			bad(fmt.Sprintf("%s.allow_from[%d]", path, i), "%q is not an address range, such as 192.0.2.0/24", a)
		}
	}
}

func validateDial(d Dial, bad func(string, string, ...any)) {
	if !within(d.RingTimeout, 5*time.Second, 10*time.Minute) {
		bad("dial.ring_timeout", "%v is not between 5s and 10m", d.RingTimeout)
	}
	for i, c := range d.AllowCountries {
		if !country.MatchString(c) {
			bad(fmt.Sprintf("dial.allow_countries[%d]", i), "%q is not a country of two capital letters, such as US", c)
		}
	}
	for i, p := range d.DenyPrefixes {
		if !prefix.MatchString(p) {
			bad(fmt.Sprintf("dial.deny_prefixes[%d]", i), "%q is not the beginning of an E.164 number, such as +1900", p)
		}
	}
	if d.Spend.AttemptsPerDay < 0 || d.Spend.MinutesPerDay < 0 {
		bad("dial.spend", "limits cannot be negative")
	}
}

func validateSMS(s SMS, bad func(string, string, ...any)) {
	switch s.Provider {
	case "log":
	case "twilio":
		if s.Twilio.AccountSID == "" || s.Twilio.AuthToken == "" {
			bad("sms.twilio", "needs account_sid and auth_token")
		}
		if (s.Twilio.From == "") == (s.Twilio.MessagingServiceSID == "") {
			bad("sms.twilio", "needs either from or messaging_service_sid")
		}
	default:
		bad("sms.provider", "%q is neither log nor twilio", s.Provider)
	}
	for path, u := range map[string]string{"sms.status_callback_url": s.StatusCallbackURL, "sms.twilio.base_url": s.Twilio.BaseURL} {
		if u == "" {
			continue
		}
		if p, err := url.Parse(u); err != nil || p.Host == "" || (p.Scheme != "http" && p.Scheme != "https") {
			bad(path, "%q is not an http or https URL", u)
		}
	}
}

func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Prefix(a.BitLen())
	}
	return netip.ParsePrefix(s)
}

// Prefixes reads address ranges; a single address is a range of one. Words
// that are not ranges ("trunk") are left out.
func Prefixes(list []string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range list {
		if p, err := parsePrefix(s); err == nil {
			out = append(out, p)
		}
	}
	return out
}

func within(d, low, high time.Duration) bool { return d >= low && d <= high }
