package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"partyline/bridge"
	"partyline/state"
)

const maxDialIn = 100 // numbers of one conference

// Who comes by the PIN that everybody knows is no operator.
var dialInRoles = []string{string(state.RolePresenter), string(state.RoleListener), string(state.RoleParticipant)}

// decodeDialIn reads dial_in: how a conference is called.
func decodeDialIn(o *object) bridge.DialInSpec {
	in := o.below("dial_in")
	if in == nil {
		return bridge.DialInSpec{}
	}
	d := bridge.DialInSpec{Numbers: decodeNumbers(in, "numbers"), ModeratorPIN: in.digits("moderator_pin", 6, 12)}
	if role := in.word("role", dialInRoles...); role != nil {
		d.Role = new(state.Role(*role))
	}
	in.leftovers()
	return d
}

// decodeNumbers reads a list of phone numbers, each once.
func decodeNumbers(o *object, name string) *[]string {
	items, ok := o.list(name)
	if !ok {
		return nil
	}
	if len(items) > maxDialIn {
		o.wrong(name, codeInvalidField, "%s has %d numbers; at most %d are allowed.", o.at+name, len(items), maxDialIn)
		return nil
	}
	numbers := make([]string, 0, len(items))
	for i, raw := range items {
		place := fmt.Sprintf("%s[%d]", name, i)
		each := &object{fields: map[string]json.RawMessage{place: raw}, at: o.at, patch: true, found: o.found} // null is no number
		n := decodeNumber(each, place)
		switch {
		case n == nil:
		case slices.Contains(numbers, *n):
			o.wrong(place, codeInvalidField, "%s is in the list already.", o.at+place)
		default:
			numbers = append(numbers, *n)
		}
	}
	return &numbers
}

// dialInJSON is how a conference is called, as callers see it.
type dialInJSON struct {
	Numbers         []string `json:"numbers"`
	Role            string   `json:"role"`
	HasModeratorPIN bool     `json:"has_moderator_pin"`
}

func showDialIn(c *state.Conference) dialInJSON {
	return dialInJSON{Numbers: append([]string{}, c.DialInNumbers...), // never null
		Role: orDefault(string(c.DialInRole), string(state.RoleParticipant)), HasModeratorPIN: len(c.ModeratorPINHash) > 0}
}

// forgiveGuesses lets callers try again who had used up their tries.
func (s *Server) forgiveGuesses(ctx context.Context, c *call) (reply, error) {
	cid, err := c.cid()
	if err != nil {
		return reply{}, err
	}
	if err := emptyBody(c.body); err != nil {
		return reply{}, err
	}
	if err := s.cfg.Bridge.ForgiveGuesses(ctx, c.who, cid); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusNoContent}, nil
}
