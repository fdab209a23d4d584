package api

import "net/http"

// healthz tells that the process is alive, nothing more.
func (s *Server) healthz(w http.ResponseWriter, r *http.Request) {
	s.plain(w, r, map[string]string{"status": "ok", "version": s.cfg.Version})
}

// readyz tells whether new work should come here.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if s.cfg.Ready != nil {
		if err := s.cfg.Ready(); err != nil {
			p := problem(codeNotReady, "", err.Error()).after(5)
			p.cause = err
			s.refuse(w, r, p)
			return
		}
	}
	s.plain(w, r, map[string]string{"status": "ready", "version": s.cfg.Version})
}

func (s *Server) serveOpenAPI(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	out := rendered{status: http.StatusOK, body: s.openapi, header: map[string]string{"Content-Type": "application/json"}}
	out.write(w)
}

// plain answers a route that needs no key.
func (s *Server) plain(w http.ResponseWriter, r *http.Request, body any) {
	out, p := render(reply{status: http.StatusOK, body: body})
	if p != nil {
		s.refuse(w, r, p)
		return
	}
	out.write(w)
}
