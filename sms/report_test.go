package sms_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"partyline/sms"
	"partyline/sms/smstest"
	"partyline/state"
)

const publicURL = "https://bridge.example/sms/status?node=1"

// desk is an outbox that only takes reports.
type desk struct {
	store *memory
	http.Handler
	o *sms.Outbox
	h *history
}

func newDesk(t testing.TB, messages ...state.Message) desk {
	p := carrier{url: "https://api.example"}.twilio(t, func(c *sms.TwilioConfig) { c.StatusCallback = publicURL })
	d := desk{store: newMemory(), h: &history{}}
	d.o = sms.NewOutbox(d.store, p, sms.OutboxConfig{Changed: d.h.changed})
	d.Handler = d.o.StatusCallback()
	put(t, d.store, messages...)
	return d
}

// sent is a message the provider has.
func sent() state.Message {
	m := message(1)
	now := time.Now()
	m.Status, m.ProviderID, m.Tries, m.TriedAt, m.Body = state.MessageSent, "SM1", 1, &now, ""
	return m
}

func callbackFor(id string) string {
	return "https://bridge.example/sms/status?m=" + strings.TrimPrefix(id, "msg_") + "&node=1"
}

func reportForm(status string) url.Values {
	return url.Values{"AccountSid": {smstest.AccountSID}, "MessageSid": {"SM1"}, "MessageStatus": {status},
		"To": {"+12025550001"}, "From": {smstest.From}, "SomethingNew": {"from Twilio"}}
}

func (d desk) post(target, signature, body string) int {
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if signature != "" {
		r.Header.Set("X-Twilio-Signature", signature)
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Code
}

func (d desk) report(id, status string, edit func(url.Values)) int {
	form := reportForm(status)
	if edit != nil {
		edit(form)
	}
	return d.post(callbackFor(id), smstest.Sign(smstest.AuthToken, callbackFor(id), form), form.Encode())
}

func TestReportSignature(t *testing.T) {
	m, other := sent(), sent()
	good := callbackFor(m.ID)
	form := reportForm("delivered")
	sign := func(token, target string, f url.Values) string { return smstest.Sign(token, target, f) }
	forged := reportForm("failed")
	tests := []struct {
		name      string
		target    string
		signature string
		body      string
		want      int
	}{
		{"valid", good, sign(smstest.AuthToken, good, form), form.Encode(), 204},
		{"as a proxy passes it on", "/sms/status?" + strings.SplitN(good, "?", 2)[1], sign(smstest.AuthToken, good, form), form.Encode(), 204},
		{"none", good, "", form.Encode(), 403},
		{"garbage", good, "AAAA", form.Encode(), 403},
		{"another token", good, sign("guess", good, form), form.Encode(), 403},
		{"empty token", good, sign("", good, form), form.Encode(), 403},
		{"another message in the URL", callbackFor(other.ID), sign(smstest.AuthToken, good, form), form.Encode(), 403},
		{"another path signed", good, sign(smstest.AuthToken, "https://evil.example/?m=1", form), form.Encode(), 403},
		{"status changed", good, sign(smstest.AuthToken, good, form), forged.Encode(), 403},
		{"parameter added", good, sign(smstest.AuthToken, good, form), form.Encode() + "&Extra=1", 403},
		{"parameter twice", good, sign(smstest.AuthToken, good, form), form.Encode() + "&MessageStatus=failed", 403},
		{"parameter twice, first", good, sign(smstest.AuthToken, good, form), "MessageStatus=failed&" + form.Encode(), 403},
		{"status in the URL", good + "&MessageStatus=failed", sign(smstest.AuthToken, good, form), form.Encode(), 204},
		{"no message", "https://bridge.example/sms/status?node=1", sign(smstest.AuthToken, publicURL, form), form.Encode(), 403},
		{"bad escape", good, sign(smstest.AuthToken, good, form), "%zz", 400},
		{"huge", good, sign(smstest.AuthToken, good, form), strings.Repeat("a=1&", 10_000), 413},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, m, other)
			if got := d.post(tt.target, tt.signature, tt.body); got != tt.want {
				t.Errorf("answered %d, want %d", got, tt.want)
			}
			want := state.MessageSent
			if tt.want == 204 {
				want = state.MessageDelivered
			}
			if got := get(t, d.store, m.ID); got.Status != want {
				t.Errorf("status %s, want %s", got.Status, want)
			}
			if got := get(t, d.store, other.ID); got.Status != state.MessageSent {
				t.Errorf("the other message is %s", got.Status)
			}
			forged := d.o.Stats().ForgedReports
			if (tt.want == 403) != (forged == 1) {
				t.Errorf("%d counted as forged", forged)
			}
		})
	}
}

func TestReportGoesForwardOnly(t *testing.T) {
	tests := []struct {
		name string
		from state.MessageStatus
		say  []string
		want state.MessageStatus
		told int
	}{
		{"delivered", state.MessageSent, []string{"delivered"}, state.MessageDelivered, 1},
		{"late sent", state.MessageSent, []string{"delivered", "sent", "queued"}, state.MessageDelivered, 1},
		{"failed", state.MessageSent, []string{"undelivered"}, state.MessageFailed, 1},
		{"failed stays", state.MessageSent, []string{"failed", "delivered"}, state.MessageFailed, 1},
		{"delivered stays", state.MessageSent, []string{"read", "undelivered"}, state.MessageDelivered, 1},
		{"twice", state.MessageSent, []string{"delivered", "delivered"}, state.MessageDelivered, 1},
		{"word of tomorrow", state.MessageSent, []string{"teleported"}, state.MessageSent, 0},
		{"overtakes the answer", state.MessageSending, []string{"sent", "delivered"}, state.MessageDelivered, 2},
		{"went out after all", state.MessageQueued, []string{"sent"}, state.MessageSent, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := sent()
			m.Status = tt.from
			if tt.from != state.MessageSent {
				m.ProviderID, m.Body = "", "Your PIN is "+pin
			}
			d := newDesk(t, m)
			for _, word := range tt.say {
				if code := d.report(m.ID, word, func(f url.Values) { f.Set("ErrorCode", "30003") }); code != 204 {
					t.Errorf("%s answered %d", word, code)
				}
			}
			got := get(t, d.store, m.ID)
			if got.Status != tt.want || got.ProviderID != "SM1" {
				t.Errorf("stored %+v", got)
			}
			if got.Status == state.MessageFailed && !strings.Contains(got.Error, "switched off") {
				t.Errorf("error %q", got.Error)
			}
			if got.Status != tt.from && got.Body != "" {
				t.Error("the body is still there")
			}
			if n := len(d.h.statuses(m.ID)); n != tt.told {
				t.Errorf("%d changes told, want %d", n, tt.told)
			}
		})
	}
}

func TestReportUnknown(t *testing.T) {
	m, untried := sent(), message(2)
	tests := []struct {
		name string
		id   string
		edit func(url.Values)
		want int
	}{
		{"no such message", "msg_nothing", nil, 404},
		{"another text's SID", m.ID, func(f url.Values) { f.Set("MessageSid", "SM2") }, 404},
		{"a text never tried", untried.ID, nil, 404},
		{"another account", m.ID, func(f url.Values) { f.Set("AccountSid", "AC2") }, 400},
		{"no SID", m.ID, func(f url.Values) { f.Del("MessageSid") }, 400},
		{"unknown message, unknown word", "msg_nothing", func(f url.Values) { f.Set("MessageStatus", "") }, 404},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, m, untried)
			if got := d.report(tt.id, "delivered", tt.edit); got != tt.want {
				t.Errorf("answered %d, want %d", got, tt.want)
			}
			if get(t, d.store, m.ID).Status != state.MessageSent || get(t, d.store, untried.ID).Status != state.MessageQueued {
				t.Error("something changed")
			}
		})
	}
	d := newDesk(t, m)
	d.store.fail(func([]state.Op) error { return state.ErrUnavailable })
	if got := d.report(m.ID, "delivered", nil); got != 503 {
		t.Errorf("store down: answered %d", got)
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, httptest.NewRequest(http.MethodGet, callbackFor(m.ID), nil))
	if w.Code != 405 {
		t.Errorf("GET answered %d", w.Code)
	}
	w = httptest.NewRecorder()
	sms.NewOutbox(d.store, sms.NewLog(io.Discard), sms.OutboxConfig{}).StatusCallback().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
	if w.Code != 404 {
		t.Errorf("a provider without reports answered %d", w.Code)
	}
}

// Nothing without a signature changes anything, whatever it looks like.
func FuzzReport(f *testing.F) {
	f.Add("m=x&node=1", "c2ln", "MessageSid=SM1&MessageStatus=delivered&AccountSid="+smstest.AccountSID)
	f.Add("", "", "")
	f.Add("m=%zz", "AAAA", "a=%zz&b;c")
	m := sent()
	d := newDesk(f, m)
	f.Fuzz(func(t *testing.T, query, signature, body string) {
		r := httptest.NewRequest(http.MethodPost, "/sms/status", strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header["Content-Type"] = []string{"application/x-www-form-urlencoded"}
		r.Header["X-Twilio-Signature"] = []string{signature}
		w := httptest.NewRecorder()
		d.ServeHTTP(w, r)
		if w.Code < 400 {
			t.Errorf("answered %d", w.Code)
		}
		if get(t, d.store, m.ID).Status != state.MessageSent {
			t.Error("the message changed")
		}
	})
}

// reporting is a provider whose reports need no signature.
type reporting struct{ *provider }

func (reporting) ReadReport(r *http.Request) (sms.Report, error) {
	return sms.Report{MessageID: r.PostForm.Get("m"), ProviderID: "SM" + r.PostForm.Get("m"), Status: state.MessageDelivered}, nil
}

// The report about a text comes before the answer to the request that sent it.
func TestReportOvertakesTheAnswer(t *testing.T) {
	answers := map[string]verdict{
		"taken":   {take: true},
		"lost":    {take: true, err: errLost},
		"refused": {err: &sms.PermanentError{Detail: "no"}},
		"limited": {err: &sms.RetryError{}},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store, p, h := newMemory(), &provider{decide: script(answer)}, &history{}
				o := sms.NewOutbox(store, reporting{p}, sms.OutboxConfig{Changed: h.changed})
				p.onSend = func(x sms.Text) {
					r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("m="+x.ID))
					r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
					w := httptest.NewRecorder()
					o.StatusCallback().ServeHTTP(w, r)
					if w.Code != 204 {
						t.Errorf("the report was answered %d", w.Code)
					}
				}
				m := message(1)
				put(t, store, m)
				defer start(t, o)()
				time.Sleep(15 * time.Minute)
				synctest.Wait()
				if got := get(t, store, m.ID); got.Status != state.MessageDelivered || got.Body != "" || got.Error != "" {
					t.Errorf("stored %+v", got)
				}
				if want := []state.MessageStatus{"sending", "delivered"}; !slices.Equal(h.statuses(m.ID), want) || p.sends() != 1 {
					t.Errorf("told %v after %d sends, want %v", h.statuses(m.ID), p.sends(), want)
				}
			})
		})
	}
}
