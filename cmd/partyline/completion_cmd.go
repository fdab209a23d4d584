package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints a script made from the commands as they are: for every command
// path its sub-commands and flags.
func (c completionCmd) Run(io streams, parser *kong.Kong) error {
	var rows [][2]string // "partyline key", "create list revoke --help"
	var walk func(path string, n *kong.Node)
	walk = func(path string, n *kong.Node) {
		var words []string
		for _, child := range n.Children {
			words = append(words, child.Name)
			walk(path+" "+child.Name, child)
		}
		for _, f := range n.Flags {
			words = append(words, "--"+f.Name)
		}
		rows = append(rows, [2]string{path, strings.Join(words, " ")})
	}
	walk("partyline", parser.Model.Node)
	switch c.Shell {
	case "fish":
		for _, r := range rows {
			words := strings.Fields(r[0])[1:]
			cond := fmt.Sprintf(`test (count (commandline -opc)) -eq %d`, len(words)+1)
			for _, w := range words {
				cond += "; and __fish_seen_subcommand_from " + w
			}
			fmt.Fprintf(io.out, "complete -c partyline -n '%s' -a '%s'\n", cond, r[1])
		}
		return nil
	case "zsh":
		fmt.Fprintln(io.out, "autoload -U +X bashcompinit && bashcompinit")
	}
	fmt.Fprintln(io.out, "_partyline() {\n  local path=partyline w\n  for w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do [[ $w == -* ]] || path+=\" $w\"; done\n  local words\n  case \"$path\" in")
	for _, r := range rows {
		fmt.Fprintf(io.out, "    %q) words=%q ;;\n", r[0], r[1])
	}
	fmt.Fprintln(io.out, "  esac\n  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n}\ncomplete -o default -F _partyline partyline")
	return nil
}
