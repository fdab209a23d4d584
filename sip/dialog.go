package sip

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// party is one side of a dialog as From and To name it.
type party struct {
	Name string `json:"n,omitempty"` // display name, not quoted
	URI  string `json:"u"`
	Tag  string `json:"t,omitempty"`
}

// dialog is what both sides must remember of a call (RFC 3261 §12), enough to
// go on with it after a restart. Before the first answer the remote tag is
// empty and Target is the number that was dialled.
type dialog struct {
	Trunk      string         `json:"trunk"`
	Network    string         `json:"net"`            // udp, tcp, tls
	Hop        netip.AddrPort `json:"hop"`            // where the INVITE went
	Host       string         `json:"host,omitempty"` // the name Hop was found for
	CallID     string         `json:"id"`
	Local      party          `json:"l"`
	Remote     party          `json:"r"`
	Target     string         `json:"to"`              // remote target: Request-URI
	Routes     []string       `json:"via,omitempty"`   // route set, next hop first
	CSeq       uint32         `json:"c"`               // of our last request
	RemoteCSeq uint32         `json:"rc,omitempty"`    // of theirs, once there was one
	Origin     origin         `json:"o"`               // of our last session description
	Expires    int            `json:"se,omitempty"`    // session interval in seconds; 0: none
	Refresher  string         `json:"ref,omitempty"`   // "us" or "them"
	MinSE      int            `json:"minse,omitempty"` // the far end's lower limit
	Updates    bool           `json:"upd,omitempty"`   // it takes UPDATE
	Theirs     bool           `json:"in,omitempty"`    // they called us: the Call-ID is theirs
}

const (
	refreshUs   = "us"
	refreshThem = "them"
)

// Bounds of what a snapshot or an answer may make us remember.
const (
	maxSnapshot = 16 << 10
	maxRoutes   = 20
	maxURI      = 1024
)

var errSnapshot = errors.New("sip: dialog snapshot")

func (d *dialog) clone() *dialog {
	c := *d
	c.Routes = slices.Clone(d.Routes)
	return &c
}

// snapshot is the dialog as it is kept in the participant's record.
func (d *dialog) snapshot() []byte {
	b, err := json.Marshal(d)
	if err != nil {
		return nil // a dialog holds nothing that JSON cannot say
	}
	return b
}

// parseDialog reads a snapshot and refuses one that could not be used or that
// would write a header of its own.
func parseDialog(b []byte) (*dialog, error) {
	if len(b) > maxSnapshot {
		return nil, fmt.Errorf("%w: %d bytes", errSnapshot, len(b))
	}
	var d dialog
	if err := json.Unmarshal(b, &d); err != nil {
		return nil, fmt.Errorf("%w: %w", errSnapshot, err)
	}
	switch d.Network {
	case "udp", "tcp", "tls":
	default:
		return nil, fmt.Errorf("%w: transport %q", errSnapshot, d.Network)
	}
	if !d.Hop.IsValid() || d.CallID == "" || d.Local.Tag == "" || d.Remote.Tag == "" {
		return nil, fmt.Errorf("%w: Call-ID, tag or address missing", errSnapshot)
	}
	if d.Expires < 0 || d.MinSE < 0 || d.CSeq > maxCSeq || len(d.Routes) > maxRoutes {
		return nil, fmt.Errorf("%w: number out of range", errSnapshot)
	}
	if _, err := displayName(d.Local.Name); err != nil {
		return nil, fmt.Errorf("%w: name: %w", errSnapshot, err)
	}
	if err := headerText(d.Origin.Address); err != nil {
		return nil, fmt.Errorf("%w: origin: %w", errSnapshot, err)
	}
	if err := wordText(d.Trunk, d.CallID, d.Local.Tag, d.Remote.Tag, d.Host, d.Origin.Session, d.Origin.User); err != nil {
		return nil, fmt.Errorf("%w: %w", errSnapshot, err)
	}
	for _, u := range append([]string{d.Local.URI, d.Remote.URI, d.Target}, d.Routes...) {
		if _, err := parseURI(u); err != nil {
			return nil, fmt.Errorf("%w: %w", errSnapshot, err)
		}
	}
	return &d, nil
}

// maxCSeq leaves room for a hundred restarts below 2³¹ (RFC 3261 §8.1.1.5).
const maxCSeq = 1<<31 - 1 - 100*100

// parseURI reads a SIP address that is safe to write into a header.
func parseURI(s string) (sip.Uri, error) {
	var u sip.Uri
	if len(s) > maxURI {
		return u, fmt.Errorf("address of %d bytes", len(s))
	}
	if err := wordText(s); err != nil {
		return u, fmt.Errorf("address: %w", err)
	}
	if strings.ContainsAny(s, `<>"`) {
		return u, fmt.Errorf("address %q", s)
	}
	if err := sip.ParseUri(s, &u); err != nil {
		return u, fmt.Errorf("address: %w", err)
	}
	if (u.Scheme != "sip" && u.Scheme != "sips") || u.Host == "" || u.Wildcard {
		return u, fmt.Errorf("address %q is not a SIP address", s)
	}
	u.Headers = nil // never allowed where we put it (RFC 3261 §19.1.1)
	return u, nil
}

// establish makes the dialog of a 2xx from the one the INVITE was sent in
// (RFC 3261 §12.1.2).
func (d *dialog) establish(res *sip.Response) (*dialog, error) {
	e := d.clone()
	to := res.To()
	if to == nil {
		return nil, errors.New("answer without To")
	}
	e.Remote.Tag, _ = to.Params.Get("tag")
	if e.Remote.Tag == "" {
		return nil, errors.New("answer without a tag in To")
	}
	if err := wordText(e.Remote.Tag); err != nil {
		return nil, err
	}
	e.Routes = nil
	for _, h := range res.GetHeaders("Record-Route") {
		rr, ok := h.(*sip.RecordRouteHeader)
		if !ok {
			continue
		}
		u := rr.Address.String()
		if _, err := parseURI(u); err != nil {
			return nil, fmt.Errorf("its Record-Route: %w", err)
		}
		e.Routes = append(e.Routes, u)
	}
	if len(e.Routes) > maxRoutes {
		return nil, errors.New("too many Record-Routes")
	}
	slices.Reverse(e.Routes)
	if err := e.retarget(res.Contact()); err != nil {
		return nil, err
	}
	e.Updates = allows(res, "UPDATE")
	return e, nil
}

// retarget takes the remote target from a Contact (RFC 3261 §12.2). Without
// one the old target stays.
func (d *dialog) retarget(c *sip.ContactHeader) error {
	if c == nil || c.Address.Wildcard {
		return nil
	}
	u := c.Address.String()
	if _, err := parseURI(u); err != nil {
		return fmt.Errorf("its Contact: %w", err)
	}
	d.Target = u
	return nil
}

// allows says whether a message's Allow names a method.
func allows(m sip.Message, method string) bool {
	for _, h := range m.GetHeaders("Allow") {
		if hasToken(h.Value(), method) {
			return true
		}
	}
	return false
}
