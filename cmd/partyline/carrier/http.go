package carrier

import (
	"encoding/json"
	"net/http"
)

// Handler shows what happened: GET /calls is every call's record, GET /up the
// number of phones off the hook and how late they spoke at worst since the
// last GET /up.
func (c *Carrier) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /calls", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(c.Calls())
	})
	mux.HandleFunc("GET /up", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"up": c.Up(), "worst_lateness_ms": c.WorstLateness().Milliseconds()})
	})
	return mux
}
