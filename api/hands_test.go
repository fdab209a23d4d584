package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"partyline/bridge/bridgetest"
)

// hands are the ids in the queue, in its order.
func (f *face) hands(conf string) (ids []string) {
	f.t.Helper()
	for i, item := range f.get(conf + "/hands").want(200).items("participants") {
		p := item.(map[string]any)
		if p["hand_raised"] != true || p["hand_place"] != float64(i+1) {
			f.t.Errorf("place %v of %v in the queue: %v", p["hand_place"], i+1, p["hand_raised"])
		}
		ids = append(ids, p["id"].(string))
	}
	return ids
}

// Hands go up on the phone; whoever leads the conference sees them in order,
// lowers one and gives the floor to another.
func TestHands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFace(t)
		f.Phones.Script("", bridgetest.Callee{Answer: time.Second})
		conf := f.conference()
		var paths, ids []string
		for i := range 3 {
			path := f.participant(conf, fmt.Sprintf(`{"phone_number":"+1202555010%d"}`, i))
			paths, ids = append(paths, path), append(ids, path[strings.LastIndex(path, "/")+1:])
		}
		wait(t, 2*time.Second)
		if got := f.hands(conf); len(got) != 0 {
			t.Errorf("hands that nobody raised: %v", got)
		}
		for _, i := range []int{2, 0, 1} {
			f.Phones.Last(fmt.Sprintf("+1202555010%d", i)).Press("*9")
			wait(t, time.Second)
		}
		if got, want := f.hands(conf), []string{ids[2], ids[0], ids[1]}; !slices.Equal(got, want) {
			t.Errorf("the queue is %v, want %v", got, want)
		}
		fields(t, f.post(paths[2]+"/lower-hand", "").want(200).object(), `{"hand_raised":false,"hand_place":null,"role":"listener"}`)
		f.post(paths[2]+"/lower-hand", "{}").want(200)
		fields(t, f.post(paths[0]+"/promote", "").want(200).object(), `{"hand_raised":false,"role":"participant","effective":{"speaks":true,"hears":true,"because":null}}`)
		if got, want := f.hands(conf), []string{ids[1]}; !slices.Equal(got, want) {
			t.Errorf("the queue is %v, want %v", got, want)
		}
		fields(t, f.get(paths[1]).object(), `{"hand_raised":true,"hand_place":1}`)
		f.toldInOrder(conf, "participant.hand_raised", "participant.hand_raised", "participant.hand_raised", "participant.hand_lowered", "participant.hand_lowered")
		f.toldInOrder(conf, "participant.hand_raised", "participant.role_changed")
		for _, act := range []string{"promote", "lower-hand"} {
			f.post(paths[1]+"/"+act, `{"role":"operator"}`).wantCode(422, "unknown_field")
			f.post(conf+"/participants/part_"+strings.Repeat("0", 26)+"/"+act, "").want(404)
		}
	})
}

func TestForgiveGuesses(t *testing.T) {
	f := newFace(t)
	conf := f.conference()
	f.post(conf+"/dial-in/forgive", "").want(204)
	f.post(conf+"/dial-in/forgive", `{"caller":"+12025550100"}`).wantCode(422, "unknown_field")
	f.post(conf+"0/dial-in/forgive", "").want(404)
}
