package record

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"partyline/media"
)

// Whoever speaks, comes, comes back by another leg, and whenever it is
// paused: all files are as long as what was not paused, and a track has what
// its participant said, where it was said.
func TestAnyCourseOfARecording(t *testing.T) {
	run := 0
	dir := t.TempDir()
	studio := newStudio(t, dir)
	rapid.Check(t, func(rt *rapid.T) {
		run++
		id := fmt.Sprintf("rec_%d", run)
		s := newStageIn(t, studio, dir, Spec{ID: id, Tracks: true})
		owner := make(map[media.LegID]string)
		want := make(map[string][]int) // by participant, a value a tick; "" the mix
		ticks, paused := 0, false
		rt.Repeat(map[string]func(*rapid.T){
			"belongs": func(rt *rapid.T) {
				leg := media.LegID(rapid.IntRange(1, 5).Draw(rt, "leg"))
				if owner[leg] == "" {
					owner[leg] = rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "participant")
					s.take.Belongs(leg, Track{ParticipantID: owner[leg]})
				}
			},
			"pause": func(rt *rapid.T) {
				paused = rapid.Bool().Draw(rt, "on")
				s.take.Pause(paused)
			},
			"hear": func(rt *rapid.T) {
				for range rapid.IntRange(1, 40).Draw(rt, "ticks") {
					var voices []media.Spoken
					now := make(map[string]int)
					for leg := range media.LegID(6) {
						if leg > 0 && rapid.Bool().Draw(rt, "speaks") {
							value := int(leg) * 100
							voices = append(voices, says(leg, 8000, int16(value)))
							now[""] += value
							if owner[leg] != "" {
								now[owner[leg]] += value
							}
						}
					}
					s.hear(nil, voices...)
					if paused {
						continue
					}
					for who := range now {
						if want[who] == nil {
							want[who] = make([]int, ticks)
						}
					}
					for who := range want {
						want[who] = append(want[who], now[who])
					}
					ticks++
				}
			},
		})
		r := s.stop()
		if want[""] == nil {
			want[""] = make([]int, ticks)
		}
		if len(r.Files) != len(want) {
			rt.Fatalf("%d files, want %d", len(r.Files), len(want))
		}
		for _, f := range r.Files {
			pcm := readWave(t, filepath.Join(dir, id, f.Name)).pcm
			var got []int
			for i := 0; i < len(pcm); i += 160 {
				got = append(got, int(pcm[i]))
				if pcm[i] != pcm[i+159] {
					rt.Fatalf("%s: tick %d begins with %d and ends with %d", f.Name, i/160, pcm[i], pcm[i+159])
				}
			}
			if !slices.Equal(got, want[f.ParticipantID]) {
				rt.Fatalf("%s: %v, want %v", f.Name, got, want[f.ParticipantID])
			}
		}
	})
}
