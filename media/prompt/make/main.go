// Command make speaks the prompts of texts.tsv and writes them to
// audio/LANGUAGE/NAME.flac, one channel of 12 bits at 16 kHz.
//
// English is spoken by Festival with the voice CMU ARCTIC SLT, Spanish by
// eSpeak NG; both are in Debian's main (festival, festvox-us-slt-hts,
// espeak-ng). The same texts always give the same files. Run it by
//
//	go generate ./media/prompt
//
// after a change of the texts, and then look at docs/PROMPTS.md, which it
// does not write: PROMPTS=write go test ./media/prompt does.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
)

// rate of all prompts, in samples a second.
const rate = 16000

func main() {
	log.SetFlags(0)
	texts := flag.String("texts", "texts.tsv", "table of the texts")
	out := flag.String("out", "audio", "directory to write to")
	flag.Parse()
	if err := run(*texts, *out); err != nil {
		log.Fatal(err)
	}
}

func run(texts, out string) error {
	table, err := os.ReadFile(texts)
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(table)), "\n")
	languages := strings.Split(lines[0], "\t")[1:]
	for i, lang := range languages {
		dir := filepath.Join(out, lang)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		for _, line := range lines[1:] {
			row := strings.Split(line, "\t")
			if len(row) != len(languages)+1 {
				return fmt.Errorf("%s: a row of %d columns: %s", texts, len(row), line)
			}
			name, text := row[0], row[i+1]
			spoken, err := speak(lang, spelling(text))
			if err != nil {
				return fmt.Errorf("%s, %s: %w", lang, name, err)
			}
			file := filepath.Join(dir, name+".flac")
			if err := writeFLAC(file, finish(spoken)); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	return nil
}
