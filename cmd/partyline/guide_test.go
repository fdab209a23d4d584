package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"partyline/api"
)

const guide = "../../docs/API.md"

// block is a fenced piece of the guide.
type block struct {
	line int
	kind string // sh, json, python, …
	text string
}

func blocksOf(t *testing.T, path string) []block {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []block
	inside := false
	for i, line := range strings.Split(string(text), "\n") {
		switch kind, fence := strings.CutPrefix(line, "```"); {
		case fence && !inside:
			blocks, inside = append(blocks, block{line: i + 1, kind: kind}), true
		case fence:
			inside = false
		case inside:
			blocks[len(blocks)-1].text += line + "\n"
		}
	}
	return blocks
}

// have finds programs the guide uses. Where there is nothing but Go they may
// be missing; where CI=true a shell and curl may not.
func have(t *testing.T, names ...string) bool {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("CI") == "true" && (name == "bash" || name == "curl") {
				t.Fatalf("the guide uses %s: %v", name, err)
			}
			t.Logf("without %s its examples were not run", name)
			return false
		}
	}
	return true
}

// The shell blocks of the guide are run in their order, in one shell, and a
// JSON block behind one of them is the end of what it prints.
func TestGuide(t *testing.T) {
	t.Parallel()
	if !have(t, "bash", "curl") {
		return
	}
	s := newHouse(t, "sms: {provider: log}\n").serve()
	blocks := blocksOf(t, guide)

	var script strings.Builder
	for i, b := range blocks {
		if b.kind == "sh" {
			fmt.Fprintf(&script, "printf '\\n@@%d\\n'\n%s", i, b.text)
		}
	}
	script.WriteString("printf '\\n@@conference\\n%s' $CONF\n")
	out := s.follow("bash", "-euo", "pipefail", "-c", script.String())
	printed := map[string]string{}
	for _, part := range strings.Split(out, "\n@@")[1:] {
		name, text, _ := strings.Cut(part, "\n")
		printed[name] = text
	}
	for i, b := range blocks {
		if b.kind != "sh" {
			continue
		}
		got := lastJSON(printed[fmt.Sprint(i)])
		if i+1 < len(blocks) && blocks[i+1].kind == "json" {
			var want any
			if err := json.Unmarshal([]byte(blocks[i+1].text), &want); err != nil {
				t.Errorf("%s:%d: %v", guide, blocks[i+1].line, err)
			}
			if why := differs("", want, got); why != "" {
				t.Errorf("%s:%d: %s\nit printed: %s", guide, b.line, why, printed[fmt.Sprint(i)])
			}
		} else if problem, ok := got.(map[string]any); ok && problem["request_id"] != nil {
			t.Errorf("%s:%d is refused: %v", guide, b.line, got)
		}
	}
	if !strings.Contains(out, "event: participant.ringing") || !strings.Contains(strings.ToLower(out), "idempotent-replayed: true") {
		t.Errorf("no events, or no reply that came again, in:\n%s", out)
	}
	s.followers(blocks, printed["conference"])
}

// followers runs the guide's programs that follow events, on a conference
// that has ended: they print its events and end.
func (s *serving) followers(blocks []block, conference string) {
	for kind, how := range map[string]struct{ program, file string }{"python": {"python3", "follow.py"}, "javascript": {"node", "follow.mjs"}} {
		if !have(s.t, how.program) {
			continue
		}
		file := filepath.Join(s.dir, how.file)
		for _, b := range blocks {
			if b.kind != kind {
				continue
			}
			if err := os.WriteFile(file, []byte(b.text), 0o600); err != nil {
				s.t.Fatal(err)
			}
			out := s.follow(how.program, file, s.url, adminKey, conference)
			if !strings.HasPrefix(out, "1 conference.created Board") || !strings.Contains(out, "participant.rejected Bob Johnson busy\n") ||
				!strings.Contains(out, " conference.ended Board requested\n") {
				s.t.Errorf("%s:%d printed:\n%s", guide, b.line, out)
			}
		}
	}
}

// follow runs a program with the guide's variables; it must succeed.
func (s *serving) follow(program string, args ...string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "URL="+s.url, "KEY="+adminKey, "no_proxy=127.0.0.1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		s.t.Fatalf("%s: %v\n%s\n%s", program, err, out.String(), errs.String())
	}
	return out.String()
}

// lastJSON is the last of the JSON values with which a text begins.
func lastJSON(text string) (last any) {
	for dec := json.NewDecoder(strings.NewReader(text)); ; {
		var v any
		if dec.Decode(&v) != nil {
			return last
		}
		last = v
	}
}

// differs says where got is not what the guide shows; it may hold more fields,
// and … stands for anything.
func differs(at string, want, got any) string {
	switch want := want.(type) {
	case map[string]any:
		fields, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s is %v, no object", at, got)
		}
		for name, w := range want {
			g, there := fields[name]
			if !there {
				return fmt.Sprintf("%s.%s is not there", at, name)
			}
			if why := differs(at+"."+name, w, g); why != "" {
				return why
			}
		}
		return ""
	case []any:
		items, ok := got.([]any)
		if !ok || len(items) != len(want) {
			return fmt.Sprintf("%s has not %d items: %v", at, len(want), got)
		}
		for i, w := range want {
			if why := differs(fmt.Sprintf("%s[%d]", at, i), w, items[i]); why != "" {
				return why
			}
		}
		return ""
	case string:
		if begin, open := strings.CutSuffix(want, "…"); open {
			if text, ok := got.(string); ok && strings.HasPrefix(text, begin) {
				return ""
			}
		}
	}
	if want != got {
		return fmt.Sprintf("%s is %v, want %v", at, got, want)
	}
	return ""
}

func TestDiffers(t *testing.T) {
	for _, tt := range []struct {
		want, got string
		same      bool
	}{
		{`{"a": 1}`, `{"a": 1, "b": 2}`, true}, {`{"a": 1}`, `{"b": 2}`, false}, {`{"a": null}`, `{}`, false}, {`{"a": null}`, `{"a": null}`, true},
		{`{"a": "x_…"}`, `{"a": "x_1"}`, true}, {`{"a": "x_…"}`, `{"a": "y"}`, false}, {`{"a": "…"}`, `{"a": 1}`, false},
		{`[1, {"a": 2}]`, `[1, {"a": 2}]`, true}, {`[1]`, `[1, 2]`, false}, {`[1]`, `{}`, false}, {`{}`, `[]`, false},
	} {
		if why := differs("", lastJSON(tt.want), lastJSON(tt.got)); (why == "") != tt.same {
			t.Errorf("%s and %s: %q", tt.want, tt.got, why)
		}
	}
}

// The guide lists every refusal there is, in the words of the contract.
func TestGuideListsEveryCode(t *testing.T) {
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	listed := 0
	for _, c := range api.Codes() {
		line := fmt.Sprintf("| %d | `%s` | %s |\n", c.Status, c.Name, c.When)
		if listed++; !strings.Contains(string(text), line) {
			t.Errorf("not in %s: %s", guide, line)
		}
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "| 4") || strings.HasPrefix(line, "| 5") {
			listed--
		}
	}
	if listed != 0 {
		t.Errorf("%s lists %d refusals too many", guide, -listed)
	}
}
