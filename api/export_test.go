package api

import "partyline/state"

// Routes lists method and path template of every route, for the test that
// holds them against the document.
func (s *Server) Routes() [][2]string {
	var out [][2]string
	for _, r := range s.routes() {
		out = append(out, [2]string{r.method, r.path})
	}
	return out
}

// OpenAPI is the document of a version.
func OpenAPI(version string) ([]byte, error) { return openapiJSON(version) }

// Store is where keys and replies are kept.
func (s *Server) Store() state.Store { return s.cfg.Store }
