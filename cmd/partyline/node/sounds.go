package node

import (
	"context"
	"fmt"

	"partyline/bridge"
	"partyline/media/clips"
	"partyline/media/prompt"
	"partyline/media/record"
	"partyline/media/sound"
)

// openSounds prepares what is said, what was uploaded and what is recorded.
func (n *Node) openSounds(context.Context, Options) (err error) {
	c := n.cfg
	if n.voice, err = prompt.Open(c.Sounds.Prompts); err != nil {
		return fmt.Errorf("sounds.prompts: %w", err)
	}
	if !n.voice.Speaks(c.Sounds.Language) {
		return fmt.Errorf("sounds.language: there are no prompts in %q (there are %v)", c.Sounds.Language, n.voice.Languages())
	}
	if n.shelf, err = clips.Open(c.State.Beside(c.Sounds.Dir)); err != nil {
		return fmt.Errorf("sounds.dir: %w", err)
	}
	sound.HoldMusic() // takes a moment to compose: not when the first caller waits
	var options []record.Option
	if c.Recording.MP3Encoder != "" {
		options = append(options, record.MP3(c.Recording.MP3Encoder))
	}
	if n.studio, err = record.Open(c.State.Beside(c.Recording.Dir), options...); err != nil {
		return fmt.Errorf("recording: %w", err)
	}
	return nil
}

// recorder lends package record's studio to the bridge.
type recorder struct{ *record.Studio }

func (r recorder) Begin(spec record.Spec, done func(record.Result)) (bridge.Take, error) {
	t, err := r.Studio.Begin(spec, done)
	if err != nil {
		return nil, err
	}
	return t, nil
}
