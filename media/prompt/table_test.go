package prompt_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"partyline/media/prompt"
	"partyline/media/sound"
)

const tableFile = "../../docs/PROMPTS.md"

// tableStart is the line of tableFile after which the table is written.
const tableStart = "<!-- The table is written by PROMPTS=write go test ./media/prompt -->\n"

// The table in the documentation is of the prompts as they are.
func TestTable(t *testing.T) {
	doc, err := os.ReadFile(tableFile)
	if err != nil {
		t.Fatal(err)
	}
	before, have, ok := strings.Cut(string(doc), tableStart)
	if !ok {
		t.Fatalf("%s has no line %q", tableFile, tableStart)
	}
	want := table(t)
	if os.Getenv("PROMPTS") == "write" {
		if err := os.WriteFile(tableFile, []byte(before+tableStart+want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if have != want {
		t.Errorf("%s is out of date: run PROMPTS=write go test ./media/prompt", tableFile)
	}
}

// table measures all prompts.
func table(t *testing.T) string {
	var b strings.Builder
	b.WriteString("\n| name | language | text | s | dBFS, 8 kHz | dBFS, 16 kHz | peak, 8 kHz | peak, 16 kHz |\n" +
		"|---|---|---|---|---|---|---|---|\n")
	for _, name := range prompt.Names() {
		for _, lang := range builtIn {
			c := prompt.Builtin().Say(lang, prompt.Part{Name: name})
			fmt.Fprintf(&b, "| `%s` | %s | %s | %.2f | %.1f | %.1f | %.1f | %.1f |\n",
				name, lang, prompt.Text(lang, name), c.Length().Seconds(),
				sound.SpeechLevel(c.PCM, 8000), sound.SpeechLevel(c.Wide, 16000),
				truePeak(t, c.PCM, 8000), truePeak(t, c.Wide, 16000))
		}
	}
	return b.String()
}
