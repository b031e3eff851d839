package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"sync"
)

// Where a module names another file of ours: at the start of a line to load it first, inside
// import() to load it when it is needed. Comments begin otherwise.
var (
	specifier = regexp.MustCompile(`(?m)^((?:import|export)\b[^\n"]*|\}\s*from\s*)"\./([a-z_]+\.js)"`)
	later     = regexp.MustCompile(`(\bimport\(\s*)"\./([a-z_]+\.js)"`)
)

// errCircle says that modules import each other, so that none can be hashed first.
var errCircle = errors.New("modules import each other in a circle")

// addScripts hashes the page scripts, each after those that it imports, whose hashed names it gets.
func (a *assets) addScripts(files fs.FS) error {
	names, err := fs.Glob(files, "js/*.js")
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := a.addScript(files, path.Base(name), nil); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (a *assets) addScript(files fs.FS, name string, above []string) error {
	if _, done := a.byName[name]; done {
		return nil
	}
	if slices.Contains(above, name) {
		return errCircle
	}
	content, err := fs.ReadFile(files, "js/"+name)
	if err != nil {
		return err
	}
	var imports []string
	for _, m := range specifier.FindAllSubmatch(content, -1) {
		imports = append(imports, string(m[2]))
	}
	for _, form := range []*regexp.Regexp{specifier, later} {
		for _, m := range form.FindAllSubmatch(content, -1) {
			if err := a.addScript(files, string(m[2]), append(above, name)); err != nil {
				return fmt.Errorf("%s: %w", m[2], err)
			}
		}
		content = form.ReplaceAllFunc(content, func(found []byte) []byte {
			m := form.FindSubmatch(found)
			return fmt.Appendf(nil, `%s"./%s"`, m[1], path.Base(a.byName[string(m[2])].Path))
		})
	}
	if name == workerName {
		if content, err = a.worker(content); err != nil {
			return err
		}
	}
	a.add(name, content).imports = imports
	return nil
}

// workerName is the script that the agent's worker runs.
const workerName = "worker.js"

// worker makes a module whose default export is the text of the worker, with the glue of the Go release
// before it: so it is loaded and checked with the page's other modules, and starts without asking for more.
func (a *assets) worker(content []byte) ([]byte, error) {
	if glue := a.byName["wasm_exec.js"]; glue != nil {
		content = slices.Concat(glue.plain(), []byte("\n"), content)
	}
	text, err := json.Marshal(string(content))
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "export default %s;\n", text), nil
}

// modules are the scripts that a page script needs, itself first. The page preloads each with its
// integrity: a module that an import alone names would have none.
func (a *assets) modules(script string) []*asset {
	var all []*asset
	a.walk(script, func(s *asset) { all = append(all, s) }, map[string]bool{})
	return all
}

func (a *assets) walk(name string, visit func(*asset), seen map[string]bool) {
	s := a.byName[name]
	if s == nil || seen[name] {
		return
	}
	seen[name] = true
	visit(s)
	for _, other := range s.imports {
		a.walk(other, visit, seen)
	}
}

// published is a line of the manifest that the build of the agent leaves.
type published struct {
	File      string `json:"file"`
	Integrity string `json:"integrity"`
}

// addAgent takes the agent as the build left it: hashed and compressed. Without a build there is
// none, and pages say so.
func (a *assets) addAgent(agent fs.FS) error {
	content, err := fs.ReadFile(agent, "manifest.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var manifest map[string]published
	if err := json.Unmarshal(content, &manifest); err != nil {
		return fmt.Errorf("manifest of the agent: %w", err)
	}
	for name, p := range manifest {
		if err := a.addPublished(agent, name, p); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (a *assets) addPublished(agent fs.FS, name string, p published) error {
	s := &asset{Path: staticPath + p.File, Integrity: p.Integrity, kind: mediaTypes[path.Ext(name)]}
	for file, into := range map[string]*func() []byte{p.File: &s.plain, p.File + ".br": &s.brotli, p.File + ".gz": &s.gzip} {
		if _, err := fs.Stat(agent, file); err != nil {
			return err
		}
		*into = sync.OnceValue(func() []byte { // nine megabytes together, of which most browsers want one and a half
			content, _ := fs.ReadFile(agent, file) // which is there, in the program
			return content
		})
	}
	a.byName[name], a.byPath[s.Path] = s, s
	return nil
}

// agentMeta tells the agent's worker where the agent is; empty without a build of it.
func (a *assets) agentMeta() (string, error) {
	s := a.byName["agent.wasm"]
	if s == nil {
		return "", nil
	}
	text, err := json.Marshal(map[string]any{
		"base": apiBase, "wasm": map[string]string{"src": s.Path, "integrity": s.Integrity},
	})
	return string(text), err
}
