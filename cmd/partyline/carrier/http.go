package carrier

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/netip"
	"time"
)

// Handler shows what happened, and makes phones call: GET /calls is every
// call's record, GET /up the number of phones off the hook and how late they
// spoke at worst since the last GET /up, POST /dial a call of a phone's own
// (see Dial), answered with its Call-ID.
func (c *Carrier) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /calls", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, c.Calls())
	})
	mux.HandleFunc("GET /up", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]any{"up": c.Up(), "worst_lateness_ms": c.WorstLateness().Milliseconds()})
	})
	mux.HandleFunc("POST /dial", func(w http.ResponseWriter, r *http.Request) {
		d, code, err := readDial(w, r)
		var id string
		if err == nil {
			code = http.StatusBadRequest
			id, err = c.Dial(d)
		}
		switch {
		case errors.Is(err, ErrBusy):
			reply(w, http.StatusServiceUnavailable, map[string]string{"error": err.Error()})
		case err != nil:
			reply(w, code, map[string]string{"error": err.Error()})
		default:
			reply(w, http.StatusAccepted, map[string]string{"call_id": id})
		}
	})
	return mux
}

// maxDial bounds the body of POST /dial in bytes.
const maxDial = 64 << 10

// readDial reads a wish to call. It must say that it is JSON: a page of
// somebody else's in a browser cannot say so without being asked first.
func readDial(w http.ResponseWriter, r *http.Request) (d Dial, code int, err error) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		return d, http.StatusUnsupportedMediaType, errors.New("carrier: Content-Type: application/json is needed")
	}
	var in struct {
		To   string `json:"to"`
		From string `json:"from"`
		Peer string `json:"peer"`
		Keys []struct {
			AfterMS int64  `json:"after_ms"`
			Keys    string `json:"keys"`
		} `json:"keys"`
		RingMS int64 `json:"ring_ms"`
		StayMS int64 `json:"stay_ms"`
	}
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxDial))
	body.DisallowUnknownFields()
	if err := body.Decode(&in); err != nil {
		return d, http.StatusBadRequest, fmt.Errorf("carrier: %w", err)
	}
	if d.Peer, err = netip.ParseAddrPort(in.Peer); err != nil {
		return d, http.StatusBadRequest, fmt.Errorf("carrier: peer: %w", err)
	}
	d.To, d.From = in.To, in.From
	d.Ring, d.Stay = milliseconds(in.RingMS), milliseconds(in.StayMS)
	for _, k := range in.Keys {
		d.Keys = append(d.Keys, Keys{milliseconds(k.AfterMS), k.Keys})
	}
	return d, 0, nil
}

// milliseconds as a duration of a day at most, so that nothing overflows.
func milliseconds(n int64) time.Duration {
	const day = 24 * 60 * 60 * 1000
	return time.Duration(max(-1, min(n, day))) * time.Millisecond
}

func reply(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v)
}
