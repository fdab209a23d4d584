// Command partyline is a telephone conference bridge: an HTTP request rings
// people's phones over SIP and they join one audio mix. See the README.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/emiago/sipgo/sip"

	"partyline/cmd/partyline/config"
)

// version is set by the linker for a release.
var version = ""

type commands struct {
	Demo       demoCmd       `cmd:"" help:"Show everything on this machine with nothing installed: bridge, simulated phones, a conference being dialled."`
	Serve      serveCmd      `cmd:"" help:"Run the daemon."`
	Doctor     doctorCmd     `cmd:"" help:"Check configuration, machine, trunks and accounts; a line for each, exit 1 if anything would stop a call."`
	Config     configCmd     `cmd:"" help:"Check a configuration, or print a commented example."`
	Key        keyCmd        `cmd:"" help:"Create, list and revoke API keys."`
	Phones     phonesCmd     `cmd:"" help:"Run the simulated carrier alone, for your own tests."`
	Bench      benchCmds     `embed:""`
	Store      storeCmd      `cmd:"" help:"Check, back up and restore the embedded store."`
	Health     healthCmd     `cmd:"" help:"Ask a running daemon whether it is alive; for container health checks."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
	Completion completionCmd `cmd:"" help:"Print shell completion for bash, zsh or fish."`
}

// streams are where a command reads and writes; tests bring their own.
type streams struct {
	out, err io.Writer
	getenv   func(string) (string, bool)
}

func main() {
	// Each media worker keeps its processor while it sleeps between ticks;
	// without one more the rest of the program would wait for them.
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	// A call's set-up leaves garbage and its hours of sound leave none: to
	// collect it at half the usual distance costs nothing between dials and
	// saves a third of the memory.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	// The SIP library counts its connections aloud; what matters of them is
	// told by our own log.
	sip.SetDefaultLogger(slog.New(slog.DiscardHandler))
	os.Exit(run(context.Background(), os.Args[1:], streams{os.Stdout, os.Stderr, os.LookupEnv}))
}

// run executes one command line; the result is the exit code.
func run(ctx context.Context, args []string, io streams) int {
	var cli commands
	exit := -1
	parser, err := kong.New(&cli,
		kong.Name("partyline"),
		kong.Description("A telephone conference bridge: an HTTP request rings people's phones, and they join one audio mix."),
		kong.Writers(io.out, io.err),
		kong.Exit(func(code int) { exit = code }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(io),
	)
	if err != nil {
		fmt.Fprintln(io.err, "partyline:", err)
		return 2
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	kctx, err := parser.Parse(args)
	if exit >= 0 { // --help
		return exit
	}
	if err != nil {
		fmt.Fprintf(io.err, "partyline: %v\nTry: partyline --help\n", err)
		return 2
	}
	kctx.Bind(parser)
	err = kctx.Run()
	var quiet exitCode
	switch {
	case errors.As(err, &quiet):
		return int(quiet)
	case err != nil:
		fmt.Fprintln(io.err, "partyline:", strings.ReplaceAll(err.Error(), "\n", "\n  "))
		return 1
	}
	return 0
}

// exitCode ends a command that has already said everything.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// withConfig is shared by the commands that read a configuration.
type withConfig struct {
	Config string `help:"Configuration file (YAML)." type:"path" placeholder:"FILE"`
}

func (w withConfig) load(io streams, override func(*config.Config)) (config.Config, error) {
	return config.Load(config.Source{File: w.Config, Getenv: io.getenv, Override: override})
}

type versionCmd struct{}

func (versionCmd) Run(io streams) error {
	fmt.Fprintln(io.out, "partyline", versionText())
	return nil
}

func versionText() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	rev, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			rev = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+changes"
		}
	}
	if rev == "" {
		return "devel"
	}
	return "devel-" + rev + dirty
}
