package bridge

import (
	"testing"
	"time"
)

// TestCadence holds the ear for machines against how people and machines
// answer. Times are seconds from the answer, in turns: speech begins, and is
// told to have stopped, the mixer's hang-over included.
func TestCadence(t *testing.T) {
	for _, c := range []struct {
		name  string
		turns []float64
		want  string
		by    float64 // told no later than
	}{
		{"Hello?", []float64{0.8, 1.8}, machineNo, 2.2},
		{"Hello? said at once", []float64{0.1, 1.1}, machineNo, 1.5},
		{"Yes?", []float64{1.2, 2.0}, machineNo, 2.4},
		{"Ann Miller, hello?", []float64{0.7, 2.4}, machineNo, 2.8},
		{"a click, then nothing", []float64{0.2, 0.85}, machineNo, 1.2},
		{"hello ... hello?", []float64{0.6, 1.5, 1.7, 2.6}, machineNo, 3.0},
		{"hello at the last moment", []float64{3.3, 4.2}, machineNo, 4.6},
		{"You have reached the voicemail of ...", []float64{0.5, 9}, machineYes, 2.5},
		{"a greeting after a pause", []float64{2.0, 9}, machineYes, 4.0},
		{"Hi, this is Bob. Leave a message.", []float64{0.4, 3.9}, machineYes, 2.4},
		{"one phrase after another", []float64{0.3, 1.2, 1.3, 2.2, 2.3, 3.2, 3.3, 4.2}, machineYes, 3.4},
		{"nobody speaks", nil, machineUnknown, 3.5},
		{"begins to greet too late to be sure", []float64{3.2, 9}, machineUnknown, 5.0},
	} {
		begin := time.Unix(1_800_000_000, 0)
		x := newCadence(begin)
		at := func(s float64) time.Time { return begin.Add(time.Duration(s * float64(time.Second))) }
		got, told := "", begin
		looked := begin
		turn := 0
		for range 100 {
			result, again := x.verdict(looked)
			if result != "" {
				got, told = result, looked
				break
			}
			if !again.After(looked) {
				t.Fatalf("%s: to be asked again at %v, which is not later", c.name, again.Sub(begin))
			}
			if turn < len(c.turns) && !at(c.turns[turn]).After(again) {
				looked = at(c.turns[turn])
				x.talk(turn%2 == 0, looked)
				turn++
				continue
			}
			looked = again
		}
		if got != c.want || told.After(at(c.by)) {
			t.Errorf("%s: %q after %v, want %q within %v s", c.name, got, told.Sub(begin), c.want, c.by)
		}
	}
}
