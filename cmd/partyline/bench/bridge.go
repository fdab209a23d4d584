package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"partyline/cmd/partyline/bench/plan"
)

const key = "bench-admin-key-0123456789"

// bridge is a partyline serve in a process of its own, with a store and a key
// of its own in a temporary folder.
type bridge struct {
	*child
	dir  string
	url  string
	http http.Client
}

// startBridge runs it with a trunk to the load process.
func (b *bench) startBridge(ctx context.Context, trunk string) (*bridge, error) {
	dir, err := os.MkdirTemp("", "partyline-bench-")
	if err != nil {
		return nil, err
	}
	br := &bridge{dir: dir, http: http.Client{Timeout: time.Minute}}
	file := filepath.Join(dir, "partyline.yaml")
	if err := os.WriteFile(file, []byte(b.config(dir, trunk)), 0o600); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	serves := make(chan string, 1)
	br.child, err = start(b.Program, "bridge", append(b.part("bridge"), "--config", file), func(line []byte) {
		var l struct{ Msg, API string }
		if json.Unmarshal(line, &l) == nil && l.Msg == "partyline serves" {
			serves <- l.API
		}
	})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case br.url = <-serves:
		return br, nil
	case <-br.ended:
		err = fmt.Errorf("the bridge ended at once: %s", br.said())
	case <-wait.C:
		err = fmt.Errorf("the bridge does not serve: %s", br.said())
	case <-ctx.Done():
		err = ctx.Err()
	}
	br.close()
	return nil, err
}

// config is that of a bridge whose limits are out of the way.
func (b *bench) config(dir, trunk string) string {
	return fmt.Sprintf(`http: {listen: "127.0.0.1:0"}
sip: {listen: ["udp:127.0.0.1:0"]}
media: {address: "127.0.0.1", ports: "10000-32767", workers: %d}
trunks: [{name: load, uri: "sip:%s", caller_ids: ["+12025550000"], cps: %d, channels: 20000}]
dial: {spend: {attempts_per_day: 1000000, minutes_per_day: 10000000}}
state: {path: %q}
auth: {admin_key: %q}
limits: {participants_per_conference: 10000, adds_per_second: 10000, requests_per_second: 100000}
log: {format: json, level: info}
`, b.Workers, trunk, b.CPS, filepath.Join(dir, "partyline.db"), key)
}

func (br *bridge) close() {
	_ = br.stop()
	_ = os.RemoveAll(br.dir)
}

type fields map[string]any

// call makes a request of the API; a status other than 2xx is an error.
func (br *bridge) call(ctx context.Context, method, path string, in, out any) error {
	code, err := br.try(ctx, method, path, in, out)
	if err == nil && code/100 != 2 {
		err = fmt.Errorf("%s %s: status %d", method, path, code)
	}
	return err
}

// try is call that leaves the status to the caller.
func (br *bridge) try(ctx context.Context, method, path string, in, out any) (int, error) {
	body := []byte(nil)
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return 0, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, br.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("X-Auth-Token", key)
	req.Header.Set("Content-Type", "application/json")
	res, err := br.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 || out == nil {
		return res.StatusCode, nil
	}
	return res.StatusCode, json.NewDecoder(res.Body).Decode(out)
}

// conference is one that a plan's room became.
type conference struct {
	id     string
	people []string // by place
}

// gather makes the conferences of a plan and adds everyone, as a user would.
func (br *bridge) gather(ctx context.Context, p plan.Plan) ([]conference, error) {
	confs := make([]conference, p.Rooms())
	for r := range confs {
		var made struct{ ID string }
		err := br.call(ctx, "POST", "/v2/conferences", fields{
			"name": fmt.Sprintf("bench %d", r), "max_participants": 1000, "member_notification": false, "guidance": false, "alone_music": false,
		}, &made)
		if err != nil {
			return nil, err
		}
		confs[r].id = made.ID
	}
	size := p.RoomSize()
	for r := range confs {
		items := []fields{}
		for i := r * size; i < min((r+1)*size, p.Legs); i++ {
			l := p.Leg(i)
			items = append(items, fields{"phone_number": plan.Number(i), "role": l.Role, "muted": l.Muted})
		}
		var reply struct {
			Results []struct {
				ParticipantID string `json:"participant_id"`
				Success       bool
				Error         string
			}
		}
		if err := br.call(ctx, "POST", "/v2/conferences/"+confs[r].id+"/participants/bulk", fields{"participants": items}, &reply); err != nil {
			return nil, err
		}
		for i, res := range reply.Results {
			if !res.Success {
				return nil, fmt.Errorf("leg %d was not added: %s", r*size+i, res.Error)
			}
			confs[r].people = append(confs[r].people, res.ParticipantID)
		}
	}
	return confs, nil
}

// active is how many are connected.
func (br *bridge) active(ctx context.Context, confs []conference) (n int, err error) {
	for _, c := range confs {
		var v struct {
			Participants struct{ Active, Ringing int }
		}
		if err := br.call(ctx, "GET", "/v2/conferences/"+c.id, nil, &v); err != nil {
			return 0, err
		}
		n += v.Participants.Active
	}
	return n, nil
}
