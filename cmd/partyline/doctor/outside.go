package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"partyline/cmd/partyline/config"
	"partyline/sip"
)

// trunks asks each trunk for a sign of life (OPTIONS, with digest when it is
// challenged) from a port of the doctor's own.
func trunks(ctx context.Context, cfg config.Config, o Options) []Finding {
	var out []Finding
	for _, t := range cfg.Trunks {
		out = append(out, ask(ctx, cfg, t, o.Patience))
	}
	return out
}

func ask(ctx context.Context, cfg config.Config, t config.Trunk, patience time.Duration) Finding {
	what := "trunk " + t.Name
	network := "udp"
	for _, n := range []string{"tcp", "tls"} {
		if strings.Contains(t.URI, "transport="+n) {
			network = n
		}
	}
	if strings.HasPrefix(t.URI, "sips:") {
		network = "tls"
	}
	listen := network + ":0.0.0.0:0"
	agent, err := sip.Listen(sip.Config{
		Listen: []string{listen}, TLSCert: cfg.SIP.TLSCert, TLSKey: cfg.SIP.TLSKey, TLSRoots: cfg.SIP.TLSRoots,
		Trunks: []sip.Trunk{{Name: t.Name, URI: t.URI, Username: t.Username, Password: t.Password.Reveal(), Realm: t.Realm, CallerIDs: t.CallerIDs}},
	})
	if err != nil {
		return Finding{Fail, what, err.Error(), "Check uri and, for TLS, sip.tls_cert"}
	}
	defer agent.Close()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ping, err := agent.Ping(ctx, t.Name)
	if err != nil {
		return Finding{Fail, what, fmt.Sprintf("%s: %v", t.URI, err), "Check uri, network and firewall; does the carrier know this address?"}
	}
	if ping.Code == 401 || ping.Code == 403 || ping.Code == 407 {
		return Finding{Fail, what, fmt.Sprintf("answers %d %s", ping.Code, ping.Phrase), "Check username, password and realm"}
	}
	return Finding{OK, what, fmt.Sprintf("%s answers %d %s after %v", t.URI, ping.Code, ping.Phrase, ping.RTT.Round(time.Millisecond)), ""}
}

// texts asks Twilio for the account itself: free of charge, and wrong
// credentials show.
func texts(ctx context.Context, cfg config.Config, o Options) []Finding {
	if cfg.SMS.Provider != "twilio" {
		return []Finding{{OK, "sms", "texts are only written to the terminal (provider log)", ""}}
	}
	tw := cfg.SMS.Twilio
	base := tw.BaseURL
	if base == "" {
		base = "https://api.twilio.com"
	}
	ctx, cancel := context.WithTimeout(ctx, o.Patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base, "/")+"/2010-04-01/Accounts/"+tw.AccountSID+".json", nil)
	if err != nil {
		return []Finding{{Fail, "sms", err.Error(), "Check sms.twilio.base_url"}}
	}
	req.SetBasicAuth(tw.AccountSID, tw.AuthToken.Reveal())
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	if err != nil {
		return []Finding{{Fail, "sms", fmt.Sprintf("%s is not reachable", base), "Check network and sms.twilio.base_url"}}
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
