package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// completionCmd prints a completion script made of the grammar itself.
type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

func (completionCmd) place() place { return onNothing }

func (c *completionCmd) Run(a *app) error {
	words := completions(a.model.Node, nil)
	if c.Shell == "fish" {
		return fishCompletion(a.io.Stdout, words)
	}
	return bashCompletion(a.io.Stdout, words, c.Shell == "zsh")
}

// words are what may follow a command: subcommands, codes of its argument, flags.
type words struct {
	path     []string
	commands []string
	flags    []string
}

// completions walks the grammar.
func completions(n *kong.Node, path []string) (out []words) {
	w := words{path: path}
	for _, group := range n.AllFlags(true) {
		for _, f := range group {
			w.flags = append(w.flags, "--"+f.Name)
		}
	}
	slices.Sort(w.flags)
	w.flags = slices.Compact(w.flags)
	for _, p := range n.Positional {
		for _, e := range p.EnumSlice() {
			if e != "" {
				w.commands = append(w.commands, e)
			}
		}
	}
	var below []words
	for _, child := range n.Children {
		w.commands = append(w.commands, child.Name)
		below = append(below, completions(child, append(slices.Clone(path), child.Name))...)
	}
	return append([]words{w}, below...)
}

func bashCompletion(out io.Writer, list []words, zsh bool) error {
	var b strings.Builder
	if zsh {
		b.WriteString("#compdef casefile\nautoload -U +X bashcompinit && bashcompinit\n")
	}
	b.WriteString(`_casefile() {
  local cur="${COMP_WORDS[COMP_CWORD]}" path="" w i
  for ((i = 1; i < COMP_CWORD; i++)); do
    w="${COMP_WORDS[i]}"
    [[ $w == -* ]] && continue
    case "$path/$w" in
`)
	for _, w := range list[1:] {
		p := "/" + strings.Join(w.path, "/")
		fmt.Fprintf(&b, "      %s) path=%s ;;\n", p, p)
	}
	b.WriteString("    esac\n  done\n  local words flags\n  case \"$path\" in\n")
	for _, w := range list {
		p := ""
		if len(w.path) > 0 {
			p = "/" + strings.Join(w.path, "/")
		}
		fmt.Fprintf(&b, "    %q) words=%q flags=%q ;;\n", p, strings.Join(w.commands, " "), strings.Join(w.flags, " "))
	}
	b.WriteString(`  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$cur") $(compgen -f -- "$cur"))
  fi
}
complete -o filenames -F _casefile casefile
`)
	_, err := io.WriteString(out, b.String())
	return err
}

func fishCompletion(out io.Writer, list []words) error {
	var b strings.Builder
	for _, w := range list {
		cond := "__fish_use_subcommand"
		if len(w.path) > 0 {
			cond = "__fish_seen_subcommand_from " + w.path[len(w.path)-1]
		}
		for _, c := range w.commands {
			fmt.Fprintf(&b, "complete -c casefile -n '%s' -a %s\n", cond, c)
		}
		for _, f := range w.flags {
			fmt.Fprintf(&b, "complete -c casefile -n '%s' -l %s\n", cond, strings.TrimPrefix(f, "--"))
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}
