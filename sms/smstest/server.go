package smstest

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Credentials that fit Twilio's form; a Server accepts them unless told otherwise.
const (
	AccountSID = "AC00000000000000000000000000000001"
	AuthToken  = "0123456789abcdef0123456789abcdef"
	From       = "+12025550000"
)

// Config describes the account a Server plays. The zero value works.
type Config struct {
	AccountSID string // AccountSID of this package by default
	AuthToken  string // AuthToken of this package by default
	// Reports are the statuses reported to each text's status callback after
	// it was taken, in this order: {"sent", "delivered"} by default, none when
	// not nil and empty.
	Reports []string
	// Client makes the callbacks; one with a 5 s timeout by default.
	Client *http.Client
}

// Text is a message the server took.
type Text struct {
	SID      string
	To, From string // From is a MessagingServiceSid when one was given
	Body     string
	Callback string // StatusCallback, "" for none
	Validity int    // ValidityPeriod, seconds, 0 when not given
	Created  time.Time
	Status   string
}

// Server is the Twilio API for one account. It is an http.Handler: serve it
// with net/http/httptest or on a listener. Close ends its callbacks.
type Server struct {
	cfg Config

	mu      sync.Mutex
	texts   []Text // in order of arrival
	arrived chan struct{}
	script  []Step
	posts   int
	lists   int
	closed  bool // no more callbacks

	ctx  context.Context
	stop context.CancelFunc
	wg   sync.WaitGroup
}

// New makes a Server.
func New(cfg Config) *Server {
	if cfg.AccountSID == "" {
		cfg.AccountSID = AccountSID
	}
	if cfg.AuthToken == "" {
		cfg.AuthToken = AuthToken
	}
	if cfg.Reports == nil {
		cfg.Reports = []string{"sent", "delivered"}
	}
	if cfg.Client == nil {
		cfg.Client = &http.Client{Timeout: 5 * time.Second}
	}
	s := &Server{cfg: cfg, arrived: make(chan struct{})}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// Close ends hanging answers and callbacks and waits for them.
func (s *Server) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.wg.Wait()
	s.cfg.Client.CloseIdleConnections()
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if subtle.ConstantTimeCompare([]byte(user+":"+password), []byte(s.cfg.AccountSID+":"+s.cfg.AuthToken)) != 1 {
		w.Header().Set("WWW-Authenticate", `Basic realm="Twilio API"`)
		refuse(w, http.StatusUnauthorized, 20003, "Authenticate")
		return
	}
	account := "/2010-04-01/Accounts/" + s.cfg.AccountSID
	switch {
	case r.URL.Path == account+"/Messages.json" && r.Method == http.MethodPost:
		s.create(w, r)
	case r.URL.Path == account+"/Messages.json" && r.Method == http.MethodGet:
		s.list(w, r)
	case r.URL.Path == account+".json" && r.Method == http.MethodGet:
		answer(w, http.StatusOK, map[string]any{"sid": s.cfg.AccountSID, "status": "active", "type": "Full"})
	default:
		refuse(w, http.StatusNotFound, 20404, "The requested resource "+r.URL.Path+" was not found")
	}
}

// create takes a text, as POST …/Messages.json does.
func (s *Server) create(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.posts++
	s.mu.Unlock()
	step := s.nextStep()
	if step.before(s, w, r) {
		return
	}
	t, code, why := parseText(r)
	if code != 0 {
		refuse(w, http.StatusBadRequest, code, why)
		return
	}
	t.SID = "SM" + randomHex(16)
	t.Created = time.Now()
	t.Status = "queued"
	s.mu.Lock()
	s.texts = append(s.texts, t)
	close(s.arrived)
	s.arrived = make(chan struct{})
	if t.Callback != "" && !s.closed {
		s.wg.Go(func() { s.reportAll(t) })
	}
	s.mu.Unlock()
	step.late(s, r)
	answer(w, http.StatusCreated, s.resource(t))
}

// resource is a Message as Twilio shows it.
func (s *Server) resource(t Text) map[string]any {
	from, service := any(t.From), any(nil)
	if strings.HasPrefix(t.From, "MG") {
		from, service = nil, t.From
	}
	sent := any(nil) // until Twilio has passed it on
	if t.Status != "queued" && t.Status != "accepted" {
		sent = stamp(t.Created)
	}
	uri := fmt.Sprintf("/2010-04-01/Accounts/%s/Messages/%s", s.cfg.AccountSID, t.SID)
	return map[string]any{
		"sid": t.SID, "account_sid": s.cfg.AccountSID, "api_version": "2010-04-01",
		"to": t.To, "from": from, "messaging_service_sid": service, "body": t.Body,
		"status": t.Status, "direction": "outbound-api", "num_segments": "1", "num_media": "0",
		"date_created": stamp(t.Created), "date_updated": stamp(t.Created), "date_sent": sent,
		"price": nil, "price_unit": "USD", "error_code": nil, "error_message": nil,
		"uri": uri + ".json", "subresource_uris": map[string]string{"media": uri + "/Media.json"},
	}
}

// stamp writes a time as RFC 2822 does, which is what Twilio uses.
func stamp(t time.Time) string { return t.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700") }

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) // a client gone away is its own affair
}

// refuse answers like Twilio's REST errors.
func refuse(w http.ResponseWriter, status, code int, why string) {
	answer(w, status, map[string]any{
		"code": code, "message": why, "status": status,
		"more_info": "https://www.twilio.com/docs/errors/" + strconv.Itoa(code),
	})
}

func randomHex(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return hex.EncodeToString(b)
}
