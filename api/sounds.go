package api

import (
	"bytes"
	"context"
	"encoding/hex"
	"net/http"
	"time"

	"partyline/state"
)

// soundJSON is an uploaded sound as callers see it.
type soundJSON struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Duration  float64   `json:"duration"` // seconds, to the millisecond
	Bytes     int64     `json:"bytes"`    // of the file that is kept
	SHA256    string    `json:"sha256"`   // of that file, hexadecimal
	Source    string    `json:"source"`   // what was uploaded: wav, ogg, mp3, flac
	CreatedAt time.Time `json:"created_at"`
}

func showSound(s state.Sound) soundJSON {
	return soundJSON{ID: s.ID, Name: s.Name, Duration: milliseconds(s.DurationMS), Bytes: s.Bytes,
		SHA256: hex.EncodeToString(s.SHA256), Source: s.Source, CreatedAt: s.CreatedAt.UTC()}
}

// addSound takes in an upload that has come in whole.
func (s *Server) addSound(ctx context.Context, c *call) (reply, error) {
	name, err := c.upload.name()
	if err != nil {
		return reply{}, err
	}
	made, err := s.cfg.Bridge.AddSound(ctx, c.who, name, bytes.NewReader(c.upload.data))
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusCreated, body: showSound(made), header: map[string]string{"Location": pathSounds + "/" + made.ID}}, nil
}

// soundsJSON is one page of a tenant's sounds.
type soundsJSON struct {
	Sounds []soundJSON `json:"sounds"`
	Next   *string     `json:"next"`
}

func (s *Server) listSounds(ctx context.Context, c *call) (reply, error) {
	q := newQuery(c.r.URL.Query())
	after, limit := q.cursor(), q.limit(1000)
	if err := q.finish(); err != nil {
		return reply{}, err
	}
	list, next, err := s.cfg.Bridge.Sounds(ctx, c.who, after, limit)
	if err != nil {
		return reply{}, err
	}
	page := soundsJSON{Sounds: make([]soundJSON, 0, len(list)), Next: orNull(next)}
	for _, one := range list {
		page.Sounds = append(page.Sounds, showSound(one))
	}
	return reply{status: http.StatusOK, body: page}, nil
}

func (s *Server) getSound(ctx context.Context, c *call) (reply, error) {
	sid, err := c.pathID("sid")
	if err != nil {
		return reply{}, err
	}
	if err := c.query(); err != nil {
		return reply{}, err
	}
	one, err := s.cfg.Bridge.Sound(ctx, c.who, sid)
	if err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusOK, body: showSound(one)}, nil
}

func (s *Server) removeSound(ctx context.Context, c *call) (reply, error) {
	sid, err := c.pathID("sid")
	if err != nil {
		return reply{}, err
	}
	if err := s.cfg.Bridge.RemoveSound(ctx, c.who, sid); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusNoContent}, nil
}

// soundAudio is a sound as it is kept and played: a WAV file.
func (s *Server) soundAudio(ctx context.Context, c *call) (audio, error) {
	sid, err := c.pathID("sid")
	if err != nil {
		return audio{}, err
	}
	if err := c.query(); err != nil {
		return audio{}, err
	}
	one, err := s.cfg.Bridge.Sound(ctx, c.who, sid)
	if err != nil {
		return audio{}, err
	}
	content, err := s.cfg.Bridge.SoundFile(ctx, c.who, sid)
	if err != nil {
		return audio{}, err
	}
	return audio{content: content, kind: "audio/wav", name: fileName(one.Name, ".wav"), sum: one.SHA256}, nil
}
