// Package doctor looks at everything a call needs before anyone is rung: the
// configuration, this machine, each trunk and the SMS account. A line for each
// with a plain remedy.
package doctor

import (
	"context"
	"fmt"
	"io"
	"time"

	"partyline/cmd/partyline/config"
)

// Verdict of one check.
type Verdict int

const (
	OK   Verdict = iota
	Warn         // works, but somebody should know
	Fail         // would stop a call
)

func (v Verdict) String() string { return [...]string{"ok  ", "warn", "FAIL"}[v] }

// Finding is one line of the report.
type Finding struct {
	Verdict Verdict
	What    string // "trunk main"
	Detail  string
	Remedy  string // "" when there is nothing to do
}

// Options of an examination.
type Options struct {
	// Running says that a daemon holds these addresses and this store, so that
	// finding them taken is as it should be.
	Running bool
	// Patience is how long a trunk or an account may take to answer; 0: 5 s.
	Patience time.Duration
}

// Examine runs all checks of a valid configuration in order, handing each
// finding to report as it is made. It returns the worst verdict.
func Examine(ctx context.Context, cfg config.Config, o Options, report func(Finding)) Verdict {
	if o.Patience == 0 {
		o.Patience = 5 * time.Second
	}
	worst := OK
	for _, check := range []func(context.Context, config.Config, Options) []Finding{
		clock, lines, store, folders, voices, formats, addresses, dialling, trunks, texts,
	} {
		for _, f := range check(ctx, cfg, o) {
			worst = max(worst, f.Verdict)
			report(f)
		}
	}
	return worst
}

// Print writes a finding as a line.
func Print(w io.Writer, f Finding) {
	fmt.Fprintf(w, "%s  %s: %s", f.Verdict, f.What, f.Detail)
	if f.Remedy != "" {
		fmt.Fprintf(w, ". %s", f.Remedy)
	}
	fmt.Fprintln(w)
}

func dialling(_ context.Context, cfg config.Config, _ Options) []Finding {
	var out []Finding
	if cfg.Auth.AdminKey == "" {
		out = append(out, Finding{OK, "api keys", "no admin_key in the configuration", "Make a key with: partyline key create"})
	}
	if _, left := cfg.Media.Offered(); len(left) > 0 {
		out = append(out, Finding{OK, "codecs", fmt.Sprintf("%v are not offered by this version; the others are", left), ""})
	}
	return append(out, Finding{OK, "countries", fmt.Sprintf("%v may be dialled, everything else is refused", cfg.Dial.AllowCountries), ""})
}
