// Package demo shows partyline on one machine with nothing installed: a real
// node, a simulated carrier that speaks real SIP and RTP on loopback, and a
// conference that is dialled through the public API.
package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"partyline/cmd/partyline/carrier"
	"partyline/cmd/partyline/config"
	"partyline/cmd/partyline/node"
)

// Options of a demo.
type Options struct {
	For      time.Duration // 0: until ctx ends
	Legs     int           // 0: one of each character and a few listeners
	Listen   string        // of the API
	LogFile  string        // "" discards the daemon's log
	Version  string
	Out      io.Writer
	Terminal bool // Out understands cursor movements
}

// shortest demo in which every character plays its part.
const shortest = 30 * time.Second

// Run plays the demo. It returns true when every simulated participant ended
// as its script says.
func Run(ctx context.Context, o Options) (ok bool, err error) {
	if o.For != 0 && o.For < shortest {
		return false, fmt.Errorf("--for %v is too short: the slowest phone needs %v", o.For, shortest)
	}
	dir, err := os.MkdirTemp("", "partyline-demo-*")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	log, closeLog, err := logTo(o.LogFile)
	if err != nil {
		return false, err
	}
	defer closeLog()

	scr := newScreen(o.Out, o.Terminal)
	texts := newTexter(scr)
	phones, err := carrier.Listen(carrier.Options{Texts: texts, Log: log})
	if err != nil {
		return false, err
	}
	defer phones.Close()
	key := "demo-" + rand.Text()
	cfg := configure(o, dir, key, phones)
	n, err := node.Start(ctx, cfg, node.Options{Log: log, Texter: texts, Version: o.Version})
	if err != nil {
		return false, err
	}
	defer n.Close()
	api := newClient(n.URL(), key)
	defer api.http.CloseIdleConnections()
	sip, err := netip.ParseAddrPort(strings.TrimPrefix(n.SIPAddrs()[0], "udp:"))
	if err != nil {
		return false, err
	}
	return play(ctx, o, api, scr, func() error { return callIn(phones, sip) })
}

func logTo(path string) (*slog.Logger, func(), error) {
	if path == "" {
		return slog.New(slog.DiscardHandler), func() {}, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, nil, err
	}
	return slog.New(slog.NewTextHandler(f, &slog.HandlerOptions{Level: slog.LevelDebug})), func() { _ = f.Close() }, nil
}

func configure(o Options, dir, key string, c *carrier.Carrier) config.Config {
	cfg := config.Default()
	cfg.HTTP.Listen = freeOr(o.Listen)
	cfg.SIP.Listen = []string{"udp:127.0.0.1:0"}
	cfg.Media.Address = "127.0.0.1"
	cfg.Media.Timeout = 10 * time.Second
	cfg.State.Path = filepath.Join(dir, "partyline.db")
	cfg.Auth.AdminKey = config.Secret(key)
	cfg.Limits.ParticipantsPerConference = max(1000, o.Legs)
	cps := max(10, float64(o.Legs)/10)
	cfg.Trunks = []config.Trunk{{
		Name: "simulated", URI: "sip:" + c.Addr().String(), CallerIDs: []string{"+12025550000"},
		CPS: cps, Channels: max(1000, o.Legs), SRTP: "off", Priority: 1, Weight: 1, Hold: "music",
	}}
	return cfg
}

// freeOr takes the wished address, or any port when somebody else has it.
func freeOr(addr string) string {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "127.0.0.1:0"
	}
	_ = l.Close()
	return addr
}

// Whoever calls this number and types this PIN is in.
const (
	doorNumber = "+12025550190"
	doorPIN    = "246813"
)

// callIn has a phone call the conference.
func callIn(phones *carrier.Carrier, sip netip.AddrPort) error {
	_, err := phones.Dial(carrier.Dial{
		Peer: sip, To: doorNumber, From: number(184),
		Keys: []carrier.Keys{{After: 3 * time.Second, Keys: doorPIN + "#"}}, Stay: time.Hour,
	})
	return err
}

func play(ctx context.Context, o Options, api *client, scr *screen, call func() error) (bool, error) {
	members := cast(o.Legs, o.For)
	var conf struct {
		ID string `json:"id"`
	}
	if err := api.call(ctx, "POST", "/v2/conferences", map[string]any{
		"name": "Demo", "max_participants": max(100, len(members)+10), "pin": doorPIN,
		"dial_in": map[string]any{"numbers": []string{doorNumber}},
	}, &conf); err != nil {
		return false, err
	}
	welcome(scr, api, conf.ID)
	adds := make([]map[string]any, len(members))
	for i, m := range members {
		adds[i] = m.add()
	}
	want := make(map[string]member, len(members)) // by participant
	for start := 0; start < len(adds); start += 250 {
		var reply struct {
			Results []struct {
				ParticipantID string `json:"participant_id"`
				Success       bool   `json:"success"`
				Error         any    `json:"error"`
			} `json:"results"`
		}
		end := min(start+250, len(adds))
		if err := api.call(ctx, "POST", "/v2/conferences/"+conf.ID+"/participants/bulk", map[string]any{"participants": adds[start:end]}, &reply); err != nil {
			return false, err
		}
		for i, r := range reply.Results {
			if !r.Success {
				return false, fmt.Errorf("adding %s: %v", members[start+i].name, r.Error)
			}
			want[r.ParticipantID] = members[start+i]
		}
	}
	called := time.Now()
	if err := call(); err != nil {
		return false, err
	}
	if err := watch(ctx, o, api, scr, conf.ID); err != nil {
		return false, err
	}
	return finish(api, scr, conf.ID, want, time.Since(called) > callTime)
}

// watch shows the roster until the time is up or somebody has had enough.
func watch(ctx context.Context, o Options, api *client, scr *screen, conference string) error {
	if o.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.For-closing)
		defer cancel()
	}
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		rows, err := api.roster(ctx, conference)
		if err != nil && ctx.Err() == nil {
			return err
		}
		if err == nil {
			scr.show(rows)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// callTime is by when whoever calls has typed the PIN.
const callTime = 10 * time.Second

// closing is kept for the end: hanging up and the summary.
const closing = 2 * time.Second

// finish ends the conference and compares every participant with its script;
// called says that there was time for a phone to call in.
func finish(api *client, scr *screen, conference string, want map[string]member, called bool) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := api.call(ctx, "POST", "/v2/conferences/"+conference+"/end", map[string]any{}, nil); err != nil {
		return false, err
	}
	rows, err := settled(ctx, api, conference)
	if err != nil {
		return false, err
	}
	scr.show(rows)
	scr.done()
	good := 0
	for _, r := range rows {
		m, ours := want[r.ID]
		if !ours || (r.Status == m.status && r.Reason == m.reason) {
			good++
			continue
		}
		fmt.Fprintf(scr, "NOT AS SCRIPTED  %s %s: %s, expected %s: %s\n", r.PhoneNumber, r.Name, r.state(), m.status, m.reason)
	}
	fmt.Fprintf(scr, "\n%d of %d participants ended as scripted.\n", good, len(rows))
	in := !called || slices.ContainsFunc(rows, func(r row) bool { return r.Inbound && r.Reason == "conference_ended" })
	if !in {
		fmt.Fprintln(scr, "NOT AS SCRIPTED  nobody who called in took part to the end")
	}
	return good == len(rows) && len(rows) >= len(want) && in, nil
}

// settled waits until everybody has ended.
func settled(ctx context.Context, api *client, conference string) ([]row, error) {
	for {
		rows, err := api.roster(ctx, conference)
		if err != nil {
			return nil, err
		}
		open := 0
		for _, r := range rows {
			if r.Status != "disconnected" && r.Status != "rejected" {
				open++
			}
		}
		if open == 0 {
			return rows, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.New("the conference does not end: some participants are still on the line")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func welcome(w io.Writer, api *client, conference string) {
	base := fmt.Sprintf("curl -s -H 'X-Auth-Token: %s'", api.key)
	conf := api.url + "/v2/conferences/" + conference
	post := " -X POST -H 'Content-Type: application/json'"
	fmt.Fprintf(w, `partyline demo: everything on this machine, real SIP and RTP to simulated phones.

  API    %s   (reference: /openapi.json)
  key    %s

  roster       %s %s/participants
  events       %s -N %s/events
  ring one     %s%s -d '{"phone_number":"+12025550142","name":"You choose","role":"participant"}' %s/participants
  mute all     %s%s -d '{}' %s/mute-all
  lock         %s%s -d '{}' %s/lock
  announce     %s%s -d '{"sound":"prompt:being_recorded"}' %s/announce
  record       %s%s -d '{"tracks":true}' %s/recording/start    …/recording/stop, /recordings
  end          %s%s -d '{}' %s/end
  one person   …/participants/PARTICIPANT_ID/mute, /unmute, /hold, /resume, /disconnect, /redial

`, api.url, api.key, base, conf, base, conf, base, post, conf, base, post, conf, base, post, conf,
		base, post, conf, base, post, conf, base, post, conf)
}
