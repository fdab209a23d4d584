package api

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"
)

const (
	downloadRate = 4 << 10 // bytes a second, at least: what the smallest recording plays at
	downloadWait = 30 * time.Second
)

// audio is a file to be sent.
type audio struct {
	content io.ReadSeekCloser
	kind    string // media type
	name    string // for whoever saves it
	sum     []byte // SHA-256 of the whole
}

// audible puts the gate in front of what finds a file, and sends it: whole, in
// ranges (RFC 9110 §14), or not at all when the caller has it.
func (s *Server) audible(find func(context.Context, *call) (audio, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who, ok := s.admit(w, r, ScopeRead)
		if !ok {
			return
		}
		if !s.downloads.enter(who.caller.TenantID) {
			s.refuse(w, r, problem(codeTransfers, "", "Too many downloads run at once; wait for one to end.").after(5))
			return
		}
		defer s.downloads.leave(who.caller.TenantID)
		ctx, cancel := context.WithTimeout(r.Context(), actTime)
		defer cancel()
		a, err := find(ctx, &call{r: r, who: who.caller})
		if err != nil {
			s.refuse(w, r, asProblem(err))
			return
		}
		defer a.content.Close()
		s.transfer(w, r, a)
	}
}

// transfer sends a file at the pace of its reader, who may be slow and must
// not stand still. Whoever is cut off goes on with a range.
func (s *Server) transfer(w http.ResponseWriter, r *http.Request, a audio) {
	h := w.Header()
	h.Set("Content-Type", orDefault(a.kind, "application/octet-stream"))
	h.Set("Content-Disposition", disposition(a.name))
	if len(a.sum) > 0 {
		h.Set("ETag", `"`+hex.EncodeToString(a.sum)+`"`)
		h.Set("Repr-Digest", "sha-256=:"+base64.StdEncoding.EncodeToString(a.sum)+":") // RFC 9530 §3: of the whole, whatever range is sent
	}
	if !strings.HasPrefix(r.Header.Get("Range"), "bytes=") {
		r.Header.Del("Range") // of a unit nobody knows: as if it were not there (RFC 9110 §14.2)
	}
	out := &pacedWriter{ResponseWriter: w, closing: s.closing, pace: pace{begun: time.Now(), grace: downloadWait,
		slowest: downloadRate, set: http.NewResponseController(w).SetWriteDeadline}}
	http.ServeContent(out, r, "", time.Time{}, a.content)
	switch {
	case out.refused != 0:
		s.refuse(w, r, unsent(h, out.refused))
	case out.err != nil:
		s.log.Info("a download ended before it was whole; it can go on with a range",
			"request_id", requestID(r.Context()), "sent", out.pace.passed, "slow", late(out.err))
	}
}

// unsent is a refusal of ServeContent in our words. The headers of the file go.
func unsent(h http.Header, status int) *Problem {
	for _, name := range []string{"Content-Disposition", "Content-Length", "Accept-Ranges", "Repr-Digest", "ETag"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store") // ServeContent has taken it away
	switch status {
	case http.StatusRequestedRangeNotSatisfiable:
		return problem(codeRange, "Range", "The file is shorter than that; Content-Range says how long it is.")
	case http.StatusPreconditionFailed:
		return stale()
	}
	p := problem(codeInternal, "", internalDetail)
	p.cause = errors.New("the file could not be read")
	return p
}

// pacedWriter sends a reply that must keep pace, until the server goes down.
// It holds back refusals, which ServeContent would make plain text.
type pacedWriter struct {
	http.ResponseWriter
	pace    pace
	closing <-chan struct{}
	refused int
	err     error // of the first write that failed
}

func (w *pacedWriter) WriteHeader(status int) {
	if status >= 400 {
		w.refused = status
		return
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *pacedWriter) Write(b []byte) (n int, err error) {
	if w.refused != 0 {
		return len(b), nil
	}
	select {
	case <-w.closing:
		err = errGoingDown
	default:
		if err = w.pace.allow(len(b)); err == nil {
			n, err = w.ResponseWriter.Write(b)
		}
	}
	w.pace.passed += int64(n)
	if w.err == nil {
		w.err = err
	}
	return n, err
}

// disposition offers a file to be saved under a name of fileName's (RFC 6266).
// Clients that read no letters but ASCII find a name, too (its appendix D).
func disposition(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII {
			return '_'
		}
		return r
	}, name)
	v := mime.FormatMediaType("attachment", map[string]string{"filename": plain})
	if plain != name {
		v += "; filename*=UTF-8''" + url.PathEscape(name)
	}
	return v
}

// fileName makes a name for a file out of one of the customer's: no path,
// nothing hidden, none of the signs to which a shell or a file system gives a
// meaning of its own.
func fileName(name, ending string) string {
	const most = 80 // letters; with its ending it fits everywhere
	safe := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || strings.ContainsRune(" ._-()", r) {
			return r
		}
		return '-'
	}, name)
	if r := []rune(safe); len(r) > most {
		safe = string(r[:most])
	}
	safe = strings.Trim(safe, " .-")
	if safe == "" {
		safe = "audio"
	}
	return safe + ending
}
