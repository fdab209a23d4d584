package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"partyline/cmd/partyline/config"
	"partyline/sip"
)

// trunks asks each trunk for a sign of life (OPTIONS, with digest when it is
// challenged) from a port of the doctor's own.
func trunks(ctx context.Context, cfg config.Config, o Options) []Finding {
	if len(cfg.Trunks) == 0 {
		return []Finding{{Fail, "trunks", "none is configured: nobody can be rung", "Add one under trunks:; partyline config example shows how"}}
	}
	var out []Finding
	for _, t := range cfg.Trunks {
		out = append(out, ask(ctx, cfg.SIP, t, o.Patience))
	}
	return out
}

func ask(ctx context.Context, c config.SIP, t config.Trunk, patience time.Duration) Finding {
	what := "trunk " + t.Name
	agent, err := sip.Listen(sip.Config{
		Listen: anyPort(c.Listen), TLSCert: c.TLSCert, TLSKey: c.TLSKey, TLSRoots: c.TLSRoots,
		Trunks: []sip.Trunk{{Name: t.Name, URI: t.URI, Username: t.Username, Password: t.Password.Reveal(), Realm: t.Realm, CallerIDs: t.CallerIDs}},
	})
	if err != nil {
		return Finding{Fail, what, err.Error(), "Check its uri, sip.listen and, for TLS, the certificates"}
	}
	defer agent.Close()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answer, err := agent.Ping(ctx, t.Name)
	if err != nil {
		return Finding{Fail, what, fmt.Sprintf("%s does not answer (%v)", t.URI, err), "Check uri, network and firewall; does the carrier know this address?"}
	}
	said := fmt.Sprintf("%s answers %d %s after %v", t.URI, answer.Code, answer.Phrase, answer.RTT.Round(time.Millisecond))
	switch answer.Code {
	case 401, 403, 407:
		return Finding{Fail, what, said, "Check username, password and realm"}
	case 408, 503:
		return Finding{Fail, what, said, "The trunk says it cannot work: ask the carrier"}
	}
	return Finding{OK, what, said, ""}
}

// anyPort is the same listeners on ports of the system's choice: the daemon's
// own may be taken by the daemon.
func anyPort(listen []string) []string {
	out := make([]string, 0, len(listen))
	for _, l := range listen {
		network, addr, _ := strings.Cut(l, ":")
		host, _, _ := net.SplitHostPort(addr)
		out = append(out, network+":"+net.JoinHostPort(host, "0"))
	}
	return out
}

// texts asks Twilio for the account itself: free of charge, and wrong
// credentials show.
func texts(ctx context.Context, cfg config.Config, o Options) []Finding {
	if cfg.SMS.Provider != "twilio" {
		return []Finding{{OK, "sms", "texts are only written to the terminal (provider log)", ""}}
	}
	tw := cfg.SMS.Twilio
	base := cmp.Or(tw.BaseURL, "https://api.twilio.com")
	ctx, cancel := context.WithTimeout(ctx, o.Patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base, "/")+"/2010-04-01/Accounts/"+tw.AccountSID+".json", nil)
	if err != nil {
		return []Finding{{Fail, "sms", err.Error(), "Check sms.twilio.base_url"}}
	}
	req.SetBasicAuth(tw.AccountSID, tw.AuthToken.Reveal())
	client := http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return []Finding{{Fail, "sms", base + " is not reachable", "Check network and sms.twilio.base_url"}}
	}
	defer res.Body.Close()
	var account struct {
		Status string `json:"status"`
	}
	_ = json.NewDecoder(http.MaxBytesReader(nil, res.Body, 1<<20)).Decode(&account)
	switch {
	case res.StatusCode == http.StatusUnauthorized:
		return []Finding{{Fail, "sms", "Twilio refuses the credentials", "Check sms.twilio.account_sid and auth_token"}}
	case res.StatusCode != http.StatusOK:
		return []Finding{{Fail, "sms", "Twilio answers " + res.Status, "See Twilio's console"}}
	case account.Status != "" && account.Status != "active":
		return []Finding{{Fail, "sms", "the Twilio account is " + account.Status, "See Twilio's console"}}
	}
	out := []Finding{{OK, "sms", "the Twilio account is active", ""}}
	if cfg.SMS.StatusCallbackURL == "" {
		out = append(out, Finding{Warn, "sms", "no status_callback_url: nobody will know whether a text was delivered", "Set it to this server's public URL with /v2/sms/status"})
	}
	return out
}
