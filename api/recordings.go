package api

import (
	"context"
	"net/http"
	"path"

	"partyline/bridge"
	"partyline/state"
)

// decodeRecording reads what a recording is to be, in fields that begin with
// a prefix: that of a conference whose recordings start by themselves, or "".
func decodeRecording(o *object, prefix string) bridge.RecordingSpec {
	p := decodeRecordingPatch(o, prefix)
	return bridge.RecordingSpec{Format: deref(p.Format), Quality: deref(p.Quality), Stereo: deref(p.Stereo), Tracks: deref(p.Tracks)}
}

func decodeRecordingPatch(o *object, prefix string) bridge.RecordingPatch {
	return bridge.RecordingPatch{
		Format:  o.word(prefix+"format", "wav", "mp3", "opus"),
		Quality: o.word(prefix+"quality", "standard", "high"),
		Stereo:  o.flag(prefix + "stereo"),
		Tracks:  o.flag(prefix + "tracks"),
	}
}

func recordingReply(r state.Recording, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, body: showRecording(r)}, nil
}

func (s *Server) startRecording(ctx context.Context, c *call) (reply, error) {
	cid, err := c.cid()
	if err != nil {
		return reply{}, err
	}
	o, p := parseObject(c.body, true)
	if p != nil {
		return reply{}, p
	}
	spec := decodeRecording(o, "")
	spec.Name = deref(o.text("name", maxName))
	if err := o.finish(); err != nil {
		return reply{}, err
	}
	return recordingReply(s.cfg.Bridge.StartRecording(ctx, c.who, cid, spec))
}

func (s *Server) stopRecording(ctx context.Context, c *call) (reply, error) {
	cid, err := c.cid()
	if err != nil {
		return reply{}, err
	}
	if err := emptyBody(c.body); err != nil {
		return reply{}, err
	}
	return recordingReply(s.cfg.Bridge.StopRecording(ctx, c.who, cid))
}

// pauseRecording pauses the recording that runs, or goes on with it.
func (s *Server) pauseRecording(on bool) handler {
	return func(ctx context.Context, c *call) (reply, error) {
		cid, err := c.cid()
		if err != nil {
			return reply{}, err
		}
		if err := emptyBody(c.body); err != nil {
			return reply{}, err
		}
		return recordingReply(s.cfg.Bridge.PauseRecording(ctx, c.who, cid, on))
	}
}

// recordingsJSON lists a conference's recordings.
type recordingsJSON struct {
	Recordings []recordingJSON `json:"recordings"`
}

func (s *Server) listRecordings(ctx context.Context, c *call) (reply, error) {
	cid, err := c.cid()
	if err != nil {
		return reply{}, err
	}
	if err := c.query(); err != nil {
		return reply{}, err
	}
	list, err := s.cfg.Bridge.Recordings(ctx, c.who, cid)
	if err != nil {
		return reply{}, err
	}
	out := recordingsJSON{Recordings: make([]recordingJSON, 0, len(list))}
	for _, r := range list {
		out.Recordings = append(out.Recordings, showRecording(r))
	}
	return reply{status: http.StatusOK, body: out}, nil
}

// recordingIDs are both ids of a recording's path.
func (c *call) recordingIDs() (cid, rid string, err error) {
	if cid, err = c.cid(); err != nil {
		return "", "", err
	}
	rid, err = c.pathID("rid")
	return cid, rid, err
}

func (s *Server) getRecording(ctx context.Context, c *call) (reply, error) {
	cid, rid, err := c.recordingIDs()
	if err != nil {
		return reply{}, err
	}
	if err := c.query(); err != nil {
		return reply{}, err
	}
	return recordingReply(s.cfg.Bridge.Recording(ctx, c.who, cid, rid))
}

func (s *Server) removeRecording(ctx context.Context, c *call) (reply, error) {
	cid, rid, err := c.recordingIDs()
	if err != nil {
		return reply{}, err
	}
	if err := s.cfg.Bridge.RemoveRecording(ctx, c.who, cid, rid); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusNoContent}, nil
}

// recordingAudio is the mix of a recording, or with ?track= what one
// participant said.
func (s *Server) recordingAudio(ctx context.Context, c *call) (audio, error) {
	cid, rid, err := c.recordingIDs()
	if err != nil {
		return audio{}, err
	}
	q := newQuery(c.r.URL.Query())
	track := q.id("track")
	if err := q.finish(); err != nil {
		return audio{}, err
	}
	r, err := s.cfg.Bridge.Recording(ctx, c.who, cid, rid)
	if err != nil {
		return audio{}, err
	}
	content, file, err := s.cfg.Bridge.RecordingFile(ctx, c.who, cid, rid, track)
	if err != nil {
		return audio{}, err
	}
	name := orDefault(r.Name, r.ID)
	if track != "" {
		name += " " + track
	}
	return audio{content: content, kind: file.ContentType, name: fileName(name, path.Ext(file.Name)), sum: file.SHA256}, nil
}
