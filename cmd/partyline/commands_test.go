package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestConfigCheck(t *testing.T) {
	good := write(t, "good.yaml", "log: {level: debug}\n")
	if s := partyline(t, "config", "check", "--config", good).want(t, 0, "is valid"); s.err != "" {
		t.Errorf("errors: %s", s.err)
	}
	bad := write(t, "bad.yaml", "http:\n  listn: \"x\"\ndial:\n  ring_timeout: 1s\n")
	s := partyline(t, "config", "check", "--config", bad).want(t, 1, bad+":2: unknown key \"listn\"")
	if s.out != "" {
		t.Errorf("output beside the errors: %s", s.out)
	}
	bad = write(t, "bad.yaml", "log: {level: loud}\ndial:\n  ring_timeout: 1s\n")
	partyline(t, "config", "check", "--config", bad).want(t, 1, bad+":1: log.level", bad+":3: dial.ring_timeout")
	partyline(t, "config", "check", "--config", bad+".not").want(t, 1, "no such file")
	partylineWith(t, map[string]string{"PARTYLINE_LOG_LEVEL": "loud"}, "config", "check").want(t, 1, "PARTYLINE_LOG_LEVEL: log.level")
}

func TestConfigExampleIsValid(t *testing.T) {
	example := partyline(t, "config", "example").want(t, 0, "trunks:").out
	partyline(t, "config", "check", "--config", write(t, "partyline.yaml", example)).want(t, 0, "is valid")
}

// All commands that read a configuration refuse a bad one with its line.
func TestBadConfigurationStopsEveryCommand(t *testing.T) {
	bad := write(t, "bad.yaml", "log:\n  level: loud\n")
	for _, args := range [][]string{
		{"serve"}, {"doctor"}, {"health"}, {"key", "list"}, {"store", "check"}, {"store", "backup", "x"}, {"store", "restore", "x"},
	} {
		partyline(t, append(args, "--config", bad)...).want(t, 1, bad+":2: log.level")
	}
}

func TestVersion(t *testing.T) {
	s := partyline(t, "version").want(t, 0)
	if f := strings.Fields(s.out); len(f) != 2 || f[0] != "partyline" {
		t.Errorf("%q", s.out)
	}
	version = "v9.8.7"
	defer func() { version = "" }()
	partyline(t, "version").want(t, 0, "partyline v9.8.7\n")
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{}, {"--help"}, {"-h"}} {
		s := partyline(t, args...).want(t, 0)
		for _, command := range []string{"demo", "serve", "doctor", "config check", "config example", "key create", "key list", "key revoke",
			"phones", "bench", "store check", "store backup", "store restore", "health", "version", "completion"} {
			if !strings.Contains(s.out, "\n  "+command) {
				t.Errorf("%v: the help does not name %q", args, command)
			}
		}
	}
	partyline(t, "key", "create", "--help").want(t, 0, "--tenant", "--scope")
	partyline(t, "store", "restore", "-h").want(t, 0, "--force")
}

func TestMistypedCommandLines(t *testing.T) {
	for _, args := range [][]string{
		{"serv"}, {"serve", "--port", "1"}, {"serve", "now"}, {"--verbose"}, {"key"}, {"key", "revoke"}, {"key", "create", "--scope", "admin"},
		{"store", "backup"}, {"completion", "csh"}, {"demo", "--for", "soon"}, {"demo", "--legs", "many"},
	} {
		s := partyline(t, args...).want(t, 2, "partyline: ", "Try: partyline --help")
		if s.out != "" || strings.Count(s.err, "\n") != 2 {
			t.Errorf("%v printed %q and %q", args, s.out, s.err)
		}
	}
}

func TestDemoTooShort(t *testing.T) {
	partyline(t, "demo", "--for", "29s").want(t, 1, "too short", "30s")
}

// The script is really sourced by bash, and asked as the Tab key asks.
func TestBashCompletion(t *testing.T) {
	script := write(t, "completion.bash", partyline(t, "completion", "bash").want(t, 0).out)
	complete := func(line string) string {
		t.Helper()
		words := strings.Split(line, " ")
		ask := "source " + script + " && COMP_WORDS=(" + quoted(words) + ") && COMP_CWORD=" + strconv.Itoa(len(words)-1) +
			` && complete -p partyline >/dev/null && _partyline && echo "${COMPREPLY[*]}"`
		out, err := exec.CommandContext(t.Context(), "bash", "--norc", "--noprofile", "-c", ask).CombinedOutput()
		if err != nil {
			t.Fatalf("bash: %v\n%s", err, out)
		}
		return strings.TrimSpace(string(out))
	}
	for line, want := range map[string]string{
		"partyline key ":                           "create list revoke --help",
		"partyline key c":                          "create",
		"partyline ke":                             "key",
		"partyline ser":                            "serve",
		"partyline store re":                       "restore",
		"partyline completion z":                   "zsh",
		"partyline key create --t":                 "--tenant",
		"partyline key create --config ":           "", // a file's name, which bash completes itself
		"partyline key create --config serve --te": "--tenant",
		"partyline config check --":                "--config --help",
		"partyline nonsense ke":                    "key",
	} {
		if got := complete(line); got != want {
			t.Errorf("%q completes to %q, want %q", line, got, want)
		}
	}
}

func quoted(words []string) string {
	var b strings.Builder
	for _, w := range words {
		b.WriteString("'" + w + "' ")
	}
	return b.String()
}

// zsh and fish may not be installed: their scripts name every command, and
// zsh's uses none of the variables that mean something to it.
func TestOtherCompletions(t *testing.T) {
	var cli commands
	parser, err := kong.New(&cli)
	if err != nil {
		t.Fatal(err)
	}
	menus, _ := menusOf(parser)
	for _, shell := range []string{"zsh", "fish"} {
		s := partyline(t, "completion", shell).want(t, 0)
		for _, m := range menus {
			if !strings.Contains(s.out, strings.Join(m.words, " ")) {
				t.Errorf("%s: nothing for %s", shell, m.path)
			}
		}
		if strings.Contains(s.out, "local path") || strings.Contains(s.out, "mapfile") {
			t.Errorf("%s cannot run this:\n%s", shell, s.out)
		}
		if _, err := exec.LookPath(shell); err == nil {
			if out, err := exec.CommandContext(t.Context(), shell, "-n", write(t, shell, s.out)).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", shell, err, out)
			}
		}
	}
}
