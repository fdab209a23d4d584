package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// Source tells Load where to look. The zero value reads nothing but defaults.
type Source struct {
	File string // path; empty: none
	// Getenv looks up a variable; nil: no environment. Usually os.LookupEnv.
	Getenv func(string) (string, bool)
	// Override is applied last: flags.
	Override func(*Config)
}

// Problem is one complaint about a configuration.
type Problem struct {
	Where string // "partyline.yaml:12", "PARTYLINE_HTTP_LISTEN" or a key's path
	Text  string
}

func (p Problem) Error() string { return p.Where + ": " + p.Text }

// Problems are all complaints about one configuration.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Load reads and validates a configuration. Its error is Problems, unless the
// file cannot be read at all.
func Load(src Source) (Config, error) {
	cfg := Default()
	l := loader{src: src, lines: map[string]string{}}
	if src.Getenv == nil {
		l.src.Getenv = func(string) (string, bool) { return "", false }
	}
	if src.File != "" {
		b, err := os.ReadFile(src.File)
		if err != nil {
			return cfg, fmt.Errorf("configuration: %w", err)
		}
		l.file(&cfg, b)
	}
	l.environment("PARTYLINE", "", reflect.ValueOf(&cfg).Elem())
	if src.Override != nil {
		src.Override(&cfg)
	}
	for i, t := range cfg.Trunks {
		cfg.Trunks[i] = trunkDefaults(t)
	}
	l.secrets(&cfg)
	for _, p := range validate(cfg) {
		l.complain(l.where(p.Where), "%s", p.Text)
	}
	if len(l.problems) > 0 {
		return cfg, l.problems
	}
	return cfg, nil
}

type loader struct {
	src      Source
	lines    map[string]string // key path → where it was set
	problems Problems
}

func (l *loader) complain(where, format string, args ...any) {
	l.problems = append(l.problems, Problem{where, fmt.Sprintf(format, args...)})
}

// where finds the file and line of a key path, or of its nearest ancestor.
func (l *loader) where(path string) string {
	for p := path; p != ""; {
		if w, ok := l.lines[p]; ok {
			return w + ": " + path
		}
		cut := strings.LastIndexAny(p, ".[")
		if cut < 0 {
			break
		}
		p = p[:cut]
	}
	return path
}

var yamlLine = regexp.MustCompile(`^line (\d+): (.*)$`)

func (l *loader) file(cfg *Config, b []byte) {
	var root yaml.Node
	if err := yaml.Unmarshal(b, &root); err != nil {
		l.yamlError(err)
		return
	}
	if len(root.Content) > 0 {
		l.index("", root.Content[0])
	}
	dec := yaml.NewDecoder(strings.NewReader(string(b)))
	dec.KnownFields(true)
	if err := dec.Decode(cfg); err != nil && !errors.Is(err, io.EOF) {
		l.yamlError(err)
		return
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		l.complain(l.src.File, "only one document is read; remove what follows the second \"---\"")
	}
}

// yamlError turns the library's sentences into file:line and ours.
func (l *loader) yamlError(err error) {
	var te *yaml.TypeError
	texts := []string{strings.TrimPrefix(err.Error(), "yaml: ")}
	if errors.As(err, &te) {
		texts = te.Errors
	}
	for _, t := range texts {
		where := l.src.File
		if m := yamlLine.FindStringSubmatch(t); m != nil {
			where, t = where+":"+m[1], m[2]
		}
		if f := strings.Fields(t); len(f) > 1 && f[0] == "field" && strings.Contains(t, "not found in type") {
			t = fmt.Sprintf("unknown key %q", f[1])
		}
		l.complain(where, "%s", t)
	}
}

// index remembers on which line each key stands.
func (l *loader) index(path string, n *yaml.Node) {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			p := strings.TrimPrefix(path+"."+n.Content[i].Value, ".")
			l.lines[p] = fmt.Sprintf("%s:%d", l.src.File, n.Content[i].Line)
			l.index(p, n.Content[i+1])
		}
	case yaml.SequenceNode:
		for i, c := range n.Content {
			p := fmt.Sprintf("%s[%d]", path, i)
			l.lines[p] = fmt.Sprintf("%s:%d", l.src.File, c.Line)
			l.index(p, c)
		}
	}
}

// environment sets every key whose variable PARTYLINE_<UPPER_PATH> exists; the
// value is read as YAML, so lists and trunks can be given too.
func (l *loader) environment(name, path string, v reflect.Value) {
	for i := range v.NumField() {
		key := v.Type().Field(i).Tag.Get("yaml")
		env := name + "_" + strings.ToUpper(key)
		p := strings.TrimPrefix(path+"."+key, ".")
		if text, ok := l.src.Getenv(env); ok {
			l.lines[p] = env
			target := reflect.New(v.Field(i).Type())
			var err error
			if v.Field(i).Kind() == reflect.String {
				target.Elem().SetString(text) // not YAML: a value may hold a colon or start with +
			} else {
				dec := yaml.NewDecoder(strings.NewReader(text))
				dec.KnownFields(true)
				err = dec.Decode(target.Interface())
			}
			if err != nil {
				l.complain(env, "cannot be read: %s", strings.TrimPrefix(err.Error(), "yaml: "))
				continue
			}
			v.Field(i).Set(target.Elem())
		} else if v.Field(i).Kind() == reflect.Struct {
			l.environment(env, p, v.Field(i))
		}
	}
}

func (l *loader) secrets(cfg *Config) {
	resolve := func(path string, s *Secret) {
		v, err := s.resolve(l.src.Getenv)
		if err != nil {
			l.complain(l.where(path), "%v", err)
			return
		}
		*s = v
	}
	resolve("auth.admin_key", &cfg.Auth.AdminKey)
	resolve("sms.twilio.auth_token", &cfg.SMS.Twilio.AuthToken)
	for i := range cfg.Trunks {
		resolve(fmt.Sprintf("trunks[%d].password", i), &cfg.Trunks[i].Password)
	}
}
