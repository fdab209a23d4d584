package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// may says which of our rooms a room may import. Sub-packages count as their
// room; cmd and e2e wire everything and may import all.
var may = map[string][]string{
	"state":  {},
	"media":  {},
	"sip":    {},
	"sms":    {"state"},
	"bridge": {"state", "media"},
	"api":    {"bridge", "state"},
}

type listed struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// TestRoomsKeepToTheirDoors holds the import table of docs/ARCHITECTURE.md.
func TestRoomsKeepToTheirDoors(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "partyline/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		seen++
		room := roomOf(p.ImportPath)
		if room == "cmd" || room == "e2e" {
			continue
		}
		allowed, known := may[room]
		if !known {
			t.Errorf("%s is in no room: the rooms are state, media, sip, sms, bridge, api, cmd and e2e", p.ImportPath)
			continue
		}
		for _, imp := range p.Imports {
			if other := roomOf(imp); other != "" && other != room && !slices.Contains(allowed, other) {
				t.Errorf("%s imports %s, but %s may import only %v", p.ImportPath, imp, room, allowed)
			}
		}
		// A test may bring a real store; otherwise it keeps to the same doors.
		for _, imp := range append(p.TestImports, p.XTestImports...) {
			if other := roomOf(imp); other != "" && other != room && other != "state" && !slices.Contains(allowed, other) &&
				!(room == "api" && other == "media") {
				t.Errorf("a test of %s imports %s, but %s may import only %v", p.ImportPath, imp, room, allowed)
			}
		}
	}
	if seen < len(may) {
		t.Fatalf("go list saw only %d packages", seen)
	}
}

// roomOf is the first folder of one of our packages, "" for anyone else's.
func roomOf(path string) string {
	rest, ours := strings.CutPrefix(path, "partyline/")
	if !ours {
		return ""
	}
	room, _, _ := strings.Cut(rest, "/")
	return room
}

func TestRoomOf(t *testing.T) {
	for path, want := range map[string]string{
		"partyline/state/bolt": "state", "partyline/api": "api", "github.com/x/state": "", "partyline": "",
	} {
		if got := roomOf(path); got != want {
			t.Errorf("roomOf(%q) = %q, want %q", path, got, want)
		}
	}
}
