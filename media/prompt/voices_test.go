package prompt_test

import (
	"io/fs"
	"math"
	"os"
	"regexp"
	"slices"
	"testing"

	"partyline/media"
	"partyline/media/prompt"
	"partyline/media/resample"
	"partyline/media/sound"
)

var builtIn = []string{"en", "es"}

// each calls for every prompt that comes with the program.
func each(t *testing.T, test func(t *testing.T, lang string, name prompt.Name, clip *media.Clip)) {
	t.Helper()
	for _, lang := range builtIn {
		for _, name := range prompt.Names() {
			t.Run(lang+"/"+string(name), func(t *testing.T) {
				test(t, lang, name, prompt.Builtin().Say(lang, prompt.Part{Name: name}))
			})
		}
	}
}

// truePeak is the highest point of the wave between samples, too, in dBFS, as
// ITU-R BS.1770 has it: of the wave at four times its rate. Only around high
// samples is it looked for: elsewhere it cannot be.
func truePeak(t testing.TB, pcm []int16, rate int) float64 {
	t.Helper()
	high := max(int(slices.Max(pcm)), -int(slices.Min(pcm)))
	var peak float64
	for from := 0; from < len(pcm); from += rate / 50 {
		to := min(from+rate/50, len(pcm))
		part := pcm[from:to]
		if max(int(slices.Max(part)), -int(slices.Min(part))) < high*7/10 {
			continue
		}
		var in []float32
		before := max(from-rate/100, 0)
		for _, x := range pcm[before:min(to+rate/100, len(pcm))] {
			in = append(in, float32(x)/math.MaxInt16)
		}
		c, err := resample.NewConverter(rate, 4*rate)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range c.Flush(c.Append(nil, in))[4*(from-before) : 4*(to-before)] {
			peak = max(peak, math.Abs(float64(x)))
		}
	}
	return 20 * math.Log10(peak)
}

// Every prompt is there in every language, with a text, at a level that is
// like the others', with room above it, between silence and silence.
func TestVoices(t *testing.T) {
	each(t, func(t *testing.T, lang string, name prompt.Name, clip *media.Clip) {
		if prompt.Text(lang, name) == "" {
			t.Error("no text")
		}
		if d := clip.Length().Seconds(); d < 0.2 || d > 8 {
			t.Errorf("%.2f s long", d)
		}
		if len(clip.Wide) != 2*len(clip.PCM) {
			t.Fatalf("%d samples at 8 kHz and %d at 16 kHz", len(clip.PCM), len(clip.Wide))
		}
		for rate, pcm := range map[int][]int16{8000: clip.PCM, 16000: clip.Wide} {
			if l := sound.SpeechLevel(pcm, rate); math.Abs(l+20) > 2 {
				t.Errorf("%.1f dBFS at %d Hz", l, rate)
			}
			if p := truePeak(t, pcm, rate); p > -3 {
				t.Errorf("a peak of %.1f dBFS at %d Hz", p, rate)
			}
			checkEdges(t, pcm, rate)
			var sum float64
			for _, x := range pcm {
				sum += float64(x)
			}
			if mean := sum / float64(len(pcm)); math.Abs(mean) > 16 {
				t.Errorf("an offset of %.1f at %d Hz", mean, rate)
			}
		}
		checkSilence(t, clip.Wide)
	})
}

// checkEdges: the first and last 2 ms hold no step that would be heard as a
// click: all is below −60 dBFS.
func checkEdges(t *testing.T, pcm []int16, rate int) {
	t.Helper()
	n := rate / 500
	for _, x := range append(slices.Clone(pcm[:n]), pcm[len(pcm)-n:]...) {
		if x > 33 || x < -33 {
			t.Errorf("at %d Hz it begins with %v and ends with %v", rate, pcm[:n], pcm[len(pcm)-n:])
			return
		}
	}
}

// checkSilence: 30 to 150 ms pass before the voice is heard and after it.
func checkSilence(t *testing.T, wide []int16) {
	t.Helper()
	const frame = 160 // 10 ms
	var levels []float64
	for part := range slices.Chunk(wide, frame) {
		levels = append(levels, sound.Level(part))
	}
	heard := func(l float64) bool { return l > slices.Max(levels)-38 }
	first := slices.IndexFunc(levels, heard)
	slices.Reverse(levels)
	last := slices.IndexFunc(levels, heard)
	if first < 3 || first > 15 || last < 3 || last > 15 {
		t.Errorf("%d ms of silence before and %d ms after", 10*first, 10*last)
	}
}

// Both rates say the same: what is at 16 kHz, brought down to 8, is what is
// at 8.
func TestRatesAgree(t *testing.T) {
	each(t, func(t *testing.T, _ string, _ prompt.Name, clip *media.Clip) {
		var xy, xx, yy float64
		for i, x := range clip.PCM {
			// Neither a filter nor a delay: only what is common counts.
			y := float64(clip.Wide[2*i])
			xy, xx, yy = xy+float64(x)*y, xx+float64(x)*float64(x), yy+y*y
		}
		if r := xy / math.Sqrt(xx*yy); r < 0.9 {
			t.Errorf("correlation %.2f", r)
		}
	})
}

// The same prompt does not sound the same in two languages, nor two prompts
// in one.
func TestVoicesDiffer(t *testing.T) {
	seen := make(map[int]string)
	each(t, func(t *testing.T, lang string, name prompt.Name, clip *media.Clip) {
		hash := len(clip.Wide)
		for _, x := range clip.Wide {
			hash = hash*31 + int(x)
		}
		if other, ok := seen[hash]; ok {
			t.Errorf("it is the same as %s", other)
		}
		seen[hash] = lang + "/" + string(name)
	})
}

// What the program carries of it stays small.
func TestSize(t *testing.T) {
	var size int64
	files := 0
	err := fs.WalkDir(os.DirFS("audio"), ".", func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		files, size = files+1, size+info.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files, %d bytes", files, size)
	if size > 4<<20 {
		t.Errorf("%d bytes", size)
	}
	if files != len(builtIn)*len(prompt.Names()) {
		t.Errorf("%d files for %d prompts in %v", files, len(prompt.Names()), builtIn)
	}
}

// names.go says in its comments what texts.tsv says in English.
func TestNamesTell(t *testing.T) {
	source, err := os.ReadFile("names.go")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`Name = "(\w+)" +// (.*)`).FindAllSubmatch(source, -1)
	if len(found) != len(prompt.Names()) {
		t.Errorf("%d constants, %d names", len(found), len(prompt.Names()))
	}
	for _, m := range found {
		name := prompt.Name(m[1])
		if !slices.Contains(prompt.Names(), name) {
			t.Errorf("%s is not in Names", name)
		}
		if text := prompt.Text("en", name); text != string(m[2]) {
			t.Errorf("%s says %q and not %q", name, text, m[2])
		}
	}
}
