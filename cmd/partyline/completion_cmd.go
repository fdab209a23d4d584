package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints a script made from the commands as they are.
func (c completionCmd) Run(io streams, parser *kong.Kong) error {
	menus, valued := menusOf(parser)
	switch c.Shell {
	case "bash":
		completeBash(io.out, menus, valued)
	case "zsh":
		completeZsh(io.out, menus, valued)
	case "fish":
		completeFish(io.out, menus)
	}
	return nil
}

// menu is what may follow one command path: "partyline key" takes create,
// list, revoke and its flags.
type menu struct {
	path  string
	words []string
}

// menusOf lists the menus of all commands, and the flags that take a value.
func menusOf(parser *kong.Kong) (menus []menu, valued []string) {
	seen := map[string]bool{}
	var walk func(path string, n *kong.Node)
	walk = func(path string, n *kong.Node) {
		m := menu{path: path}
		for _, child := range n.Children {
			if !child.Hidden {
				m.words = append(m.words, child.Name)
			}
		}
		for _, arg := range n.Positional {
			if arg.Enum != "" {
				m.words = append(m.words, strings.Split(arg.Enum, ",")...)
			}
		}
		for _, f := range n.Flags {
			if f.Name != "help" {
				m.words = append(m.words, "--"+f.Name)
			}
			if name := "--" + f.Name; !f.IsBool() && !seen[name] {
				seen[name] = true
				valued = append(valued, name)
			}
		}
		m.words = append(m.words, "--help")
		menus = append(menus, m)
		for _, child := range n.Children {
			if !child.Hidden {
				walk(path+" "+child.Name, child)
			}
		}
	}
	walk("partyline", parser.Model.Node)
	return menus, valued
}

// findMenu is the shell function body, the same in bash and zsh, that turns
// the words typed so far into the path of a command: a word that leads to no
// command is a value and is passed over.
func findMenu(w io.Writer, menus []menu, typed string) {
	var paths []string
	for _, m := range menus {
		paths = append(paths, m.path)
	}
	fmt.Fprintf(w, "  local cmd=partyline word known='|%s|'\n", strings.Join(paths, "|"))
	fmt.Fprintf(w, "  for word in %s; do [[ $known == *\"|$cmd $word|\"* ]] && cmd+=\" $word\"; done\n", typed)
}

func menuCases(w io.Writer, menus []menu, assign string) {
	fmt.Fprintln(w, `  case "$cmd" in`)
	for _, m := range menus {
		fmt.Fprintf(w, "    '%s') "+assign+" ;;\n", m.path, strings.Join(m.words, " "))
	}
	fmt.Fprintln(w, "  esac")
}

func completeBash(w io.Writer, menus []menu, valued []string) {
	fmt.Fprintln(w, "_partyline() {")
	fmt.Fprintf(w, "  case \"${COMP_WORDS[COMP_CWORD-1]}\" in %s) COMPREPLY=(); return ;; esac\n", strings.Join(valued, "|"))
	findMenu(w, menus, `"${COMP_WORDS[@]:1:COMP_CWORD-1}"`)
	fmt.Fprintln(w, "  local words=")
	menuCases(w, menus, "words='%s'")
	fmt.Fprintln(w, "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\")")
	fmt.Fprintln(w, "}\ncomplete -o default -F _partyline partyline")
}

func completeZsh(w io.Writer, menus []menu, valued []string) {
	fmt.Fprintln(w, "#compdef partyline\n_partyline() {")
	fmt.Fprintf(w, "  case \"${words[CURRENT-1]}\" in %s) _files; return ;; esac\n", strings.Join(valued, "|"))
	findMenu(w, menus, `"${(@)words[2,CURRENT-1]}"`)
	fmt.Fprintln(w, "  local -a menu")
	menuCases(w, menus, "menu=(%s)")
	fmt.Fprintln(w, "  compadd -- $menu\n}\ncompdef _partyline partyline")
}

func completeFish(w io.Writer, menus []menu) {
	for _, m := range menus {
		var conditions []string
		for _, word := range strings.Fields(m.path)[1:] {
			conditions = append(conditions, "__fish_seen_subcommand_from "+word)
		}
		condition := cmp.Or(strings.Join(conditions, "; and "), "__fish_use_subcommand")
		fmt.Fprintf(w, "complete -c partyline -n '%s' -a '%s'\n", condition, strings.Join(m.words, " "))
	}
}
