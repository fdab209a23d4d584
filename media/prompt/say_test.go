package prompt_test

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"partyline/media"
	"partyline/media/prompt"
	"partyline/media/sound"
)

var lib = prompt.Builtin()

func word(lang string, name prompt.Name) *media.Clip { return lib.Say(lang, prompt.Part{Name: name}) }

// The same parts are the same clip, whoever asks and however many do so at
// once: a thousand people hear one.
func TestSayShares(t *testing.T) {
	own := &media.Clip{PCM: make([]int16, 800)}
	parts := func() []prompt.Part {
		return append(prompt.Words(prompt.Press), prompt.Part{Digits: "1"}, prompt.Part{Clip: own}, prompt.Part{Rest: time.Second})
	}
	l, err := prompt.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var all sync.Map
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() { all.Store(l.Say("en", parts()...), true) })
	}
	wg.Wait()
	n := 0
	all.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d clips of the same parts", n)
	}
	if same := l.Say("en", parts()...); same != l.Say("EN", parts()...) {
		t.Error("case makes another clip")
	}
	first := l.Say("en", parts()...)
	for _, other := range [][]prompt.Part{
		prompt.Words(prompt.Press),
		append(prompt.Words(prompt.Press), prompt.Part{Digits: "2"}, prompt.Part{Clip: own}, prompt.Part{Rest: time.Second}),
		append(prompt.Words(prompt.Press), prompt.Part{Digits: "1"}, prompt.Part{Clip: &media.Clip{PCM: own.PCM}}, prompt.Part{Rest: time.Second}),
		append(prompt.Words(prompt.Press), prompt.Part{Digits: "1"}, prompt.Part{Clip: own}, prompt.Part{Rest: time.Minute}),
	} {
		if l.Say("en", other...) == first {
			t.Errorf("%v is the same clip", other)
		}
	}
	if l.Say("es", parts()...) == first {
		t.Error("another language is the same clip")
	}
}

// What is remembered is bounded, and forgotten sentences are the same sound
// when they are said again.
func TestSayForgets(t *testing.T) {
	l, err := prompt.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	first := l.Say("en", prompt.Part{Digits: "12"})
	often := l.Say("en", prompt.Part{Digits: "3"})
	for i := range 300 {
		l.Say("en", prompt.Part{Rest: time.Duration(i+1) * time.Millisecond})
		if l.Say("en", prompt.Part{Digits: "3"}) != often {
			t.Fatal("what is said again and again is forgotten")
		}
	}
	again := l.Say("en", prompt.Part{Digits: "12"})
	if again == first {
		t.Error("300 sentences later it is still remembered")
	}
	if !slices.Equal(again.Wide, first.Wide) {
		t.Error("it is said differently")
	}
	// By size, too: a minute at both rates is 2.9 MB.
	long := &media.Clip{PCM: make([]int16, 60*8000)}
	for range 8 {
		l.Say("en", prompt.Part{Clip: long}, prompt.Part{Rest: time.Second})
		long = &media.Clip{PCM: make([]int16, 60*8000)}
	}
	if l.Say("en", prompt.Part{Digits: "12"}) == again {
		t.Error("20 MB later it is still remembered")
	}
}

// Parts follow one another whole, with a pause between phrases and a shorter
// one between digits.
func TestSayJoins(t *testing.T) {
	press, join := word("en", prompt.Press), word("en", prompt.ToJoin)
	four, two, star := word("en", prompt.Four), word("en", prompt.Two), word("en", prompt.Star)
	got := lib.Say("en", prompt.Part{Name: prompt.Press}, prompt.Part{Digits: "42x*"}, prompt.Part{Name: prompt.ToJoin})
	at := 0
	for i, c := range []*media.Clip{press, four, two, star, join} {
		if i > 0 {
			least, most := 480, 640 // 60 to 80 ms
			if i == 1 || i == 4 {
				least, most = 960, 1600 // 120 to 200 ms
			}
			pause := 0
			for !slices.Equal(got.PCM[at+pause:][:len(c.PCM)], c.PCM) {
				if pause++; at+pause+len(c.PCM) > len(got.PCM) {
					t.Fatalf("part %d is not said", i)
				}
			}
			if pause < least || pause > most {
				t.Errorf("%d ms before part %d", pause/8, i)
			}
			if slices.ContainsFunc(got.PCM[at:at+pause], func(x int16) bool { return x != 0 }) {
				t.Errorf("the pause before part %d is not silent", i)
			}
			at += pause
		}
		if !slices.Equal(got.Wide[2*at:][:2*len(c.PCM)], c.Wide) {
			t.Errorf("part %d is not at the same place at 16 kHz", i)
		}
		at += len(c.PCM)
	}
	if at != len(got.PCM) || 2*at != len(got.Wide) {
		t.Errorf("%d samples after the last", len(got.PCM)-at)
	}
	if strings.ContainsAny(got.Name, "42*") {
		t.Errorf("the name %q spells the digits", got.Name)
	}
}

// A rest is as long as it says, with no pause beside it, but no longer than
// anybody waits.
func TestSayRests(t *testing.T) {
	press := word("en", prompt.Press)
	got := lib.Say("en", prompt.Part{Name: prompt.Press}, prompt.Part{Rest: time.Second}, prompt.Part{Name: prompt.Press})
	if want := 2*len(press.PCM) + 8000; len(got.PCM) != want {
		t.Errorf("%d samples and not %d", len(got.PCM), want)
	}
	if d := lib.Say("en", prompt.Part{Rest: time.Hour}).Length(); d > time.Minute {
		t.Errorf("a rest of %v", d)
	}
	for name, parts := range map[string][]prompt.Part{
		"nothing": nil, "an empty part": {{}}, "no such prompt": {{Name: "no_such"}},
		"an empty clip": {{Clip: &media.Clip{}}}, "other characters": {{Digits: "x é"}}, "less than no time": {{Rest: -time.Second}},
	} {
		if c := lib.Say("en", parts...); len(c.PCM) == 0 || len(c.Wide) != 2*len(c.PCM) || sound.Level(c.PCM) != -120 {
			t.Errorf("%s is %d samples", name, len(c.PCM))
		}
	}
}

// Somebody's own sound is heard at both rates, whichever it has.
func TestSayOwnClip(t *testing.T) {
	tone := &media.Clip{PCM: sound.Tone(1000, -20, time.Second)}
	got := lib.Say("en", prompt.Part{Clip: tone})
	if !slices.Equal(got.PCM, tone.PCM) {
		t.Error("it is not the same at 8 kHz")
	}
	middle := got.Wide[4000:12000]
	if l := sound.Goertzel(middle, 16000, 1000); math.Abs(l+20) > 0.1 {
		t.Errorf("%.1f dBFS at 16 kHz", l)
	}
	if l := sound.Goertzel(middle, 16000, 7000); l > -80 {
		t.Errorf("an image of %.1f dBFS", l)
	}
}

// A region is its language, and a language that is not there is English.
func TestLanguages(t *testing.T) {
	if got := lib.Languages(); !slices.Equal(got, builtIn) {
		t.Errorf("%v", got)
	}
	for lang, want := range map[string]string{
		"en": "en", "es": "es", "es-MX": "es", "ES_ar": "es", "es-419": "es", "en-GB": "en",
		"fr": "", "": "", "-": "", "e": "", "est": "", "../en": "",
	} {
		if got := lib.Speaks(lang); got != (want != "") {
			t.Errorf("%q: %v", lang, got)
		}
		if want == "" {
			want = "en"
		}
		if !slices.Equal(word(lang, prompt.Goodbye).Wide, word(want, prompt.Goodbye).Wide) {
			t.Errorf("%q does not speak %s", lang, want)
		}
	}
}

// A sentence that is remembered costs next to nothing.
func BenchmarkSayAgain(b *testing.B) {
	parts := append(prompt.Words(prompt.EnterPIN), prompt.Part{Digits: "1"})
	b.ReportAllocs()
	for b.Loop() {
		lib.Say("en", parts...)
	}
}
