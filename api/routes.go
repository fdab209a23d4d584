package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"partyline/bridge"
)

// route is one method of one path.
type route struct {
	method, path string
	handler      http.HandlerFunc
}

const (
	pathConferences  = "/v2/conferences"
	pathConference   = pathConferences + "/{cid}"
	pathParticipants = pathConference + "/participants"
	pathParticipant  = pathParticipants + "/{pid}"
	pathEvents       = pathConference + "/events"
	pathRecordings   = pathConference + "/recordings"
	pathRecording    = pathRecordings + "/{rid}"
	pathSounds       = "/v2/sounds"
	pathSound        = pathSounds + "/{sid}"
	pathSMSStatus    = "/v2/sms/status"
)

// routes is everything there is.
func (s *Server) routes() []route {
	get := func(path string, h handler) route {
		return route{http.MethodGet, path, s.keyed(ScopeRead, smallBody, h)}
	}
	send := func(method, path string, h handler) route {
		return route{method, path, s.keyed(ScopeWrite, smallBody, h)}
	}
	list := []route{
		get(pathConferences, s.listConferences),
		send(http.MethodPost, pathConferences, s.createConference),
		get(pathConference, s.getConference),
		send(http.MethodPatch, pathConference, s.patchConference),
		send(http.MethodDelete, pathConference, s.deleteConference),
		send(http.MethodPost, pathConference+"/end", s.endConference),
		get(pathConference+"/report", s.getReport),
		{http.MethodGet, pathEvents, s.streamEvents},

		get(pathParticipants, s.listParticipants),
		send(http.MethodPost, pathParticipants, s.addParticipant),
		{http.MethodPost, pathParticipants + "/bulk", s.keyed(ScopeWrite, bulkBody, s.addMany)},
		get(pathParticipant, s.getParticipant),
		send(http.MethodPatch, pathParticipant, s.patchParticipant),
		send(http.MethodDelete, pathParticipant, s.removeParticipant),

		get(pathConference+"/hands", s.listHands),
		send(http.MethodPost, pathParticipant+"/announce", s.tell),
		send(http.MethodPost, pathConference+"/dial-in/forgive", s.forgiveGuesses),

		send(http.MethodPost, pathConference+"/recording/start", s.startRecording),
		send(http.MethodPost, pathConference+"/recording/stop", s.stopRecording),
		send(http.MethodPost, pathConference+"/recording/pause", s.pauseRecording(true)),
		send(http.MethodPost, pathConference+"/recording/resume", s.pauseRecording(false)),
		get(pathRecordings, s.listRecordings),
		get(pathRecording, s.getRecording),
		send(http.MethodDelete, pathRecording, s.removeRecording),
		{http.MethodGet, pathRecording + "/audio", s.audible(s.recordingAudio)},

		get(pathSounds, s.listSounds),
		{http.MethodPost, pathSounds, s.uploaded(s.addSound)},
		get(pathSound, s.getSound),
		send(http.MethodDelete, pathSound, s.removeSound),
		{http.MethodGet, pathSound + "/audio", s.audible(s.soundAudio)},

		{http.MethodGet, "/healthz", s.healthz},
		{http.MethodGet, "/readyz", s.readyz},
		{http.MethodGet, "/openapi.json", s.serveOpenAPI},
		{http.MethodGet, "/metrics", promhttp.HandlerFor(s.cfg.Registry, promhttp.HandlerOpts{}).ServeHTTP},
	}
	for _, a := range []bridge.Action{bridge.Mute, bridge.Unmute, bridge.Hold, bridge.Resume,
		bridge.Disconnect, bridge.Redial, bridge.Admit, bridge.Promote, bridge.LowerHand} {
		list = append(list, send(http.MethodPost, pathParticipant+"/"+string(a), s.act(a)))
	}
	for _, k := range []bridge.BulkKind{bridge.MuteAll, bridge.UnmuteAll, bridge.LockAll, bridge.UnlockAll,
		bridge.DisconnectAll, bridge.Announce} {
		list = append(list, send(http.MethodPost, pathConference+"/"+string(k), s.actOnAll(k)))
	}
	if s.cfg.SMSCallback != nil {
		list = append(list, route{http.MethodPost, pathSMSStatus, http.MaxBytesHandler(s.cfg.SMSCallback, smallBody).ServeHTTP})
	}
	return list
}

// wrongMethod answers a known path's unknown method.
func (s *Server) wrongMethod(allowed []string) http.HandlerFunc {
	slices.Sort(allowed)
	allow := strings.Join(allowed, ", ")
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allow)
		s.refuse(w, r, problem(codeMethod, "", "This path takes "+allow+"."))
	}
}
