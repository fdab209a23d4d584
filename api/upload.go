package api

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	maxSound   = 20 << 20 // bytes of an uploaded file
	formExtra  = 64 << 10 // bytes of a form around its file
	maxParts   = 8        // of a form; there is use for two
	uploadRate = 16 << 10 // bytes a second, at least
	uploadWait = 10 * time.Second
	uploadTime = 5 * time.Minute
	soundTime  = time.Minute // to read and convert what has come in
)

// soundTypes are the media types of a sound as a body. What it really is, its
// first bytes say.
var soundTypes = []string{"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave", "audio/ogg", "audio/mpeg", "audio/mp3",
	"audio/flac", "audio/x-flac", "application/ogg", "application/octet-stream"}

// upload is a sound that has come in whole. It is in memory, which the limits
// of size and number bound: nothing is left behind by a crash, and the bridge
// never waits for a slow line.
type upload struct {
	data  []byte
	query url.Values
	form  map[string][]string // the fields beside the file
}

// uploaded puts the gate of a sound in front of a handler: key, scope, rate,
// a place among the uploads, the body, and then as for any other request.
func (s *Server) uploaded(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who, ok := s.admit(w, r, ScopeWrite)
		if !ok {
			return
		}
		if !s.uploads.enter(who.caller.TenantID) {
			s.refuse(w, r, problem(codeTransfers, "", "Too many uploads run at once; wait for one to end.").after(5))
			return
		}
		defer s.uploads.leave(who.caller.TenantID)
		up, p := s.receive(w, r)
		// The time of an ordinary reply may be over before the body is here.
		rc := http.NewResponseController(w)
		if err := rc.SetWriteDeadline(time.Now().Add(soundTime + 10*time.Second)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return // gone already
		}
		if p != nil {
			w.Header().Set("Connection", "close") // the rest of the body is not read
			s.refuse(w, r, p)
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), soundTime)
		defer cancel()
		s.respond(ctx, w, &call{r: r, who: who.caller, body: up.mark(), upload: up}, h)
	}
}

// receive reads a whole sound: the body itself, or the file of a form.
func (s *Server) receive(w http.ResponseWriter, r *http.Request) (*upload, *Problem) {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	form := media == "multipart/form-data"
	switch {
	case err != nil, !form && !slices.Contains(soundTypes, media), form && params["boundary"] == "":
		return nil, problem(codeMediaType, "Content-Type",
			"Send the sound as audio/wav, audio/ogg, audio/mpeg, audio/flac or application/octet-stream, or as multipart/form-data with the fields file and name.")
	case r.Header.Get("Content-Encoding") != "" && r.Header.Get("Content-Encoding") != "identity":
		return nil, problem(codeMediaType, "Content-Encoding", "Send the body without compression.")
	}
	limit := int64(maxSound)
	if form {
		limit += formExtra
	}
	if r.ContentLength > limit {
		return nil, soundTooLarge()
	}
	body := &pacedReader{body: http.MaxBytesReader(w, r.Body, limit), closing: s.closing, pace: pace{begun: time.Now(),
		grace: uploadWait, slowest: uploadRate, most: uploadTime, set: http.NewResponseController(w).SetReadDeadline}}
	up := &upload{query: r.URL.Query(), form: make(map[string][]string)}
	if form {
		err = up.readForm(multipart.NewReader(body, params["boundary"]))
	} else {
		up.data, err = io.ReadAll(body)
	}
	if err != nil {
		return nil, brokenUpload(err)
	}
	if len(up.data) == 0 {
		if form {
			return nil, problem(codeRequired, "file", "file is required: the sound.")
		}
		return nil, problem(codeRequired, "", "The body is empty; send the sound as the body.")
	}
	return up, nil
}

// readForm reads the parts of a form: one file, and short texts.
func (u *upload) readForm(parts *multipart.Reader) error {
	for range maxParts {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := part.FormName()
		if name == "file" {
			if u.data != nil {
				return problem(codeDuplicateField, "file", "The form has two files; send one.")
			}
			if u.data, err = io.ReadAll(io.LimitReader(part, maxSound+1)); err != nil {
				return err
			}
			if len(u.data) > maxSound {
				return soundTooLarge()
			}
			continue
		}
		const most = 4 * maxName // bytes; a letter has at most four
		text, err := io.ReadAll(io.LimitReader(part, most+1))
		if err != nil {
			return err
		}
		u.form[name] = append(u.form[name], string(text))
	}
	return problem(codeUnknownField, "", fmt.Sprintf("The form has more than %d parts; it takes file and name.", maxParts-1))
}

// brokenUpload is why a body could not be read to its end.
func brokenUpload(err error) *Problem {
	var over *http.MaxBytesError
	var p *Problem
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &over):
		return soundTooLarge()
	case errors.Is(err, errGoingDown):
		return problem("shutting_down", "", "This server is stopping; try again.").after(5)
	case late(err):
		return problem(codeTooSlow, "", "The sound came too slowly; nothing was kept.")
	}
	return problem(codeIncomplete, "", "The body ended before it was complete, or is no form; nothing was kept.")
}

func soundTooLarge() *Problem {
	return problem(codeTooLarge, "", fmt.Sprintf("A sound may have %d bytes.", maxSound))
}

// mark tells an upload from another one, for the Idempotency-Key: what is in
// it, not how it was packed. A form has another boundary each time.
func (u *upload) mark() []byte {
	sum := sha256.Sum256(u.data)
	return slices.Concat(sum[:], []byte("?"+u.query.Encode()+"\n"+url.Values(u.form).Encode()))
}

// name takes the one name of a sound out of the query or the form. Nothing
// else may be said there.
func (u *upload) name() (string, error) {
	q := &query{values: make(url.Values)}
	for _, from := range []map[string][]string{u.query, u.form} {
		for name, values := range from {
			q.values[name] = append(q.values[name], values...)
		}
	}
	name, given := q.take("name")
	switch {
	case len(q.found) > 0:
	case !given || strings.TrimSpace(name) == "":
		q.wrong("name", codeRequired, "name is required: ?name= or a field of the form.")
	default:
		if why := checkText(name, maxName); why != "" {
			q.wrong("name", codeInvalidField, "name %s.", why)
		}
	}
	return name, q.finish()
}
