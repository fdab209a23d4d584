package api

import (
	"context"
	"io"
	"net/http"

	"partyline/bridge"
	"partyline/state"
)

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

// Sends is the face before one file in place of all its routes.
func (s *Server) Sends(open func() io.ReadSeekCloser, kind, name string, sum []byte) http.Handler {
	return s.identify(s.observe(s.recoverPanics(s.audible(func(context.Context, *call) (audio, error) {
		return audio{content: open(), kind: kind, name: name, sum: sum}, nil
	}))))
}

// Takes is the face before whoever takes sounds in place of all its routes.
func (s *Server) Takes(take func(name string, sound []byte) error) http.Handler {
	return s.identify(s.observe(s.recoverPanics(s.uploaded(func(_ context.Context, c *call) (reply, error) {
		name, err := c.upload.name()
		if err == nil {
			err = take(name, c.upload.data)
		}
		return reply{status: http.StatusCreated, body: map[string]any{"name": name, "bytes": len(c.upload.data)}}, err
	}))))
}

// FileName is the name under which a file is offered to be saved.
func FileName(name, ending string) string { return fileName(name, ending) }

// Shown is a view as callers see it.
func Shown(view any) any {
	switch v := view.(type) {
	case bridge.ConferenceView:
		return showConference(v)
	case bridge.ParticipantView:
		return showParticipant(v)
	case bridge.Report:
		return showReport(v)
	case state.Recording:
		return showRecording(v)
	case state.Sound:
		return showSound(v)
	}
	return nil
}

// Tag is the ETag of a conference.
func Tag(v bridge.ConferenceView) string { return conferenceTag(v) }

// Disposition offers a file under a name.
func Disposition(name string) string { return disposition(name) }
