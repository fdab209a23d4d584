package demo

import (
	"fmt"
	"time"

	"partyline/cmd/partyline/carrier"
)

// member is one person of the demo: whom to ring, how, and how it should end.
type member struct {
	number string
	name   string
	role   string
	accept string // "", press_key or pin
	ring   int    // seconds, 0: the default
	status string // expected in the end
	reason string
}

// add is the member as the API is asked to ring it.
func (m member) add() map[string]any {
	body := map[string]any{"phone_number": m.number, "name": m.name, "role": m.role}
	if m.ring > 0 {
		body["ring_timeout"] = m.ring
	}
	switch m.accept {
	case "press_key":
		body["accept"] = map[string]any{"mode": "press_key", "timeout": 5, "tries": 1}
	case "pin":
		body["send_pin_via_sms"] = true
		body["accept"] = map[string]any{"mode": "pin"}
	}
	return body
}

func number(last4 int) string { return fmt.Sprintf("+1202555%04d", last4) }

// cast chooses n people: a presenter, one of each character, and listeners.
// Phones that need longer than the demo lasts are left out.
func cast(n int, lasts time.Duration) []member {
	members := []member{{number: number(160), name: "Ada Presenter", role: "presenter"}}
	listener := func(i int) member {
		return member{number: number(100 + i%100), name: fmt.Sprintf("Listener %d", i), role: "listener"}
	}
	for i := range 5 {
		members = append(members, listener(i+1))
	}
	members = append(members, member{number: number(171), name: "Grace Panelist", role: "participant"})
	for _, s := range carrier.Scripts() {
		m := member{number: "+1202555" + s.Last4, name: "Phone: " + s.Name, role: "listener", status: s.Status, reason: s.Reason}
		switch s.Last4 {
		case "0203":
			m.ring = 8
		case "0211":
			m.accept, m.status, m.reason = "press_key", "rejected", "not_accepted"
		case "0212":
			m.accept = "press_key"
		case "0213", "0214":
			m.accept = "pin"
		case "0218":
			if lasts > 0 && lasts < 45*time.Second {
				continue
			}
		}
		members = append(members, m)
	}
	for i := 6; len(members) < n; i++ {
		members = append(members, listener(i))
	}
	if n > 0 && len(members) > n {
		members = members[:n]
	}
	for i := range members {
		if members[i].reason == "" { // stays until the conference is ended
			members[i].status, members[i].reason = "disconnected", "conference_ended"
		}
	}
	return members
}
