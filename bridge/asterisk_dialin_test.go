package bridge_test

import (
	"testing"

	"partyline/bridge"
)

// A room appears to callers with its number, once, and is gone with its end.
func TestRegcontext(t *testing.T) {
	scenario(t, "", func(t *testing.T) {
		w := newWorld(t, bridge.Config{}, bridge.ConferenceSpec{})
		pin := openHouse().PIN
		w.wantIn(number(1), pin, false) // nobody has the number yet
		house := openHouse()
		house.Name = "Open house"
		c, err := w.CreateConference(t.Context(), tenant, house)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.CreateConference(t.Context(), tenant, house)
		wantCode(t, err, bridge.Conflict, "number_taken")
		w.wantIn(number(2), pin, true)
		w.wantIn(number(3), pin, true)
		if _, err := w.EndConference(t.Context(), tenant, c.ID); err != nil {
			t.Fatal(err)
		}
		w.wantIn(number(4), pin, false)
		if _, err := w.CreateConference(t.Context(), tenant, house); err != nil {
			t.Errorf("the number is not free again: %v", err)
		}
	})
}
