package bridge

import "partyline/media"

// taped is where the sound of a conference flows to.
type taped struct {
	room Room
	tap  *media.Tap
}

// syncTape has the room's sound flow into the recording that runs, and into
// no other. As with all audio it is taken from the state each time, so that no
// forgotten stop goes on recording people.
func (o *owner) syncTape() {
	want := taped{room: o.room}
	if r := o.running(); r != nil && r.take != nil && o.room != nil {
		want.tap = r.take.Tap()
	}
	if want == o.taped {
		return
	}
	if had := o.taped; had.tap != nil {
		had.room.Release(had.tap)
	}
	if want.tap != nil {
		want.room.Record(want.tap)
	}
	o.taped = want
}
