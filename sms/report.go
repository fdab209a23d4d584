package sms

import (
	"errors"
	"net/http"

	"partyline/state"
)

// maxReport bounds the body of a delivery report, bytes. Twilio's are below 1 kB.
const maxReport = 16 << 10

// StatusCallback receives the provider's delivery reports, at the path of the
// configured status callback URL. 204: taken, or nothing new; 403: no valid
// signature; 404: no such message, or no provider that reports; 503: the store
// is not available.
func (o *Outbox) StatusCallback() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := o.report(w, r)
		if status == http.StatusNoContent {
			w.WriteHeader(status)
			return
		}
		http.Error(w, http.StatusText(status), status)
	})
}

func (o *Outbox) report(w http.ResponseWriter, r *http.Request) int {
	reporter, ok := o.provider.(Reporter)
	if !ok {
		return http.StatusNotFound
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return http.StatusMethodNotAllowed
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxReport)
	if err := r.ParseForm(); err != nil {
		if tooBig := new(http.MaxBytesError); errors.As(err, &tooBig) {
			return http.StatusRequestEntityTooLarge
		}
		return http.StatusBadRequest
	}
	report, err := reporter.ReadReport(r)
	switch {
	case errors.Is(err, ErrForged):
		o.count.forged.Add(1)
		o.cfg.Log.Warn("a delivery report without a valid signature was refused; if they are Twilio's own, sms.status_callback_url or the auth token is wrong", "from", r.RemoteAddr)
		return http.StatusForbidden
	case err != nil:
		return http.StatusBadRequest
	}
	return o.take(r, report)
}

// take brings a message forward to what a report says; never back, whatever
// the order in which reports arrive.
func (o *Outbox) take(r *http.Request, report Report) int {
	unknown := false
	m, changed, err := o.change(r.Context(), report.MessageID, func(m *state.Message) bool {
		// A report may overtake the answer to our request, so the message may
		// have no provider id yet; but it was tried.
		unknown = m.TriedAt == nil || m.ProviderID != "" && m.ProviderID != report.ProviderID
		if unknown || report.Status == "" || rank(report.Status) <= rank(m.Status) {
			return false
		}
		m.Status, m.ProviderID, m.Body, m.Error, m.NextTryAt = report.Status, report.ProviderID, "", "", nil
		if report.Status == state.MessageFailed {
			m.Error = report.Detail
		}
		return true
	})
	switch {
	case errors.Is(err, state.ErrNotFound), err == nil && unknown:
		return http.StatusNotFound
	case err != nil:
		o.cfg.Log.Error("a delivery report could not be stored", "message", report.MessageID, "err", err)
		return http.StatusServiceUnavailable
	}
	if changed {
		o.count.reports.Add(1)
		o.cfg.Log.Info("delivery report", who(m), "status", string(m.Status), "why", m.Error)
		o.Wake() // another text to this number may have waited
	}
	return http.StatusNoContent
}
