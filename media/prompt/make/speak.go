package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"partyline/media/resample"
)

// engines make the command, by our languages, that writes to a file what is
// said on its standard input. The English voice is unhurried as it is; eSpeak
// NG is slowed from its 175 words a minute, for somebody who hears a prompt
// once, on a telephone.
var engines = map[string]func(file string) []string{
	"en": func(file string) []string {
		return []string{"text2wave", "-o", file, "-eval", "(voice_cmu_us_slt_arctic_hts)"}
	},
	"es": func(file string) []string {
		return []string{"espeak-ng", "-v", "es-419", "-s", "155", "-p", "45", "-b", "1", "--stdin", "-w", file}
	},
}

// speak gives what is said in a language, as samples of ±1.
func speak(lang, text string) ([]float64, error) {
	engine, ok := engines[lang]
	if !ok {
		return nil, fmt.Errorf("nothing speaks %q", lang)
	}
	dir, err := os.MkdirTemp("", "prompt")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "spoken.wav")
	args := engine(file)
	cmd := exec.CommandContext(context.Background(), args[0], args[1:]...)
	cmd.Stdin = strings.NewReader(text)
	if said, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", args[0], err, said)
	}
	wav, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pcm, err := samples(wav)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", args[0], err)
	}
	return pcm, nil
}

// samples reads a WAV file of one channel of 16 bits, with the plain header
// of 44 bytes that the engines write, and brings it to our rate.
func samples(wav []byte) ([]float64, error) {
	const header = 44
	if len(wav) <= header || string(wav[36:40]) != "data" ||
		binary.LittleEndian.Uint16(wav[22:]) != 1 || binary.LittleEndian.Uint16(wav[34:]) != 16 {
		return nil, fmt.Errorf("no sound of one channel of 16 bits")
	}
	in := make([]float32, (len(wav)-header)/2)
	for i := range in {
		in[i] = float32(int16(binary.LittleEndian.Uint16(wav[header+2*i:]))) / (1 << 15)
	}
	c, err := resample.NewConverter(int(binary.LittleEndian.Uint32(wav[24:])), rate)
	if err != nil {
		return nil, err
	}
	out := c.Flush(c.Append(nil, in))
	pcm := make([]float64, len(out))
	for i, x := range out {
		pcm[i] = float64(x)
	}
	return pcm, nil
}
