package web

import (
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
)

//go:embed templates
var templateFiles embed.FS

// page is what every template gets. Its methods are the words and files that templates use.
type page struct {
	*locale
	Name     string // of the template, and of its script
	Theme    string
	Section  string // which entry of the navigation is this page; without one there is no navigation
	Flow     string // the vendor's sealed request, on pages inside one
	Next     string // where to go after signing in
	Account  string // who is signed in
	Searches bool   // the page has a form that asks for itself again
	View     any    // what is the page's own
	Locales  []string
	Themes   []string
	here     *url.URL // nil where the language cannot be switched
	assets   *assets
}

// templates are the pages by name, each with the layout and the parts.
type templates map[string]*template.Template

func newTemplates() (templates, error) {
	common, err := template.New("layout.html").Option("missingkey=error").
		ParseFS(templateFiles, "templates/layout.html", "templates/parts/*.html")
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	names, err := templateFiles.ReadDir("templates")
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	all := templates{}
	for _, entry := range names {
		if entry.IsDir() || entry.Name() == "layout.html" {
			continue
		}
		t, err := common.Clone()
		if err == nil {
			t, err = t.ParseFS(templateFiles, path.Join("templates", entry.Name()))
		}
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", entry.Name(), err)
		}
		all[strings.TrimSuffix(entry.Name(), ".html")] = t
	}
	return all, nil
}

// Asset is the path of a static file.
func (p page) Asset(name string) (string, error) {
	s := p.assets.byName[name]
	if s == nil {
		return "", fmt.Errorf("no static file %s", name)
	}
	return s.Path, nil
}

// Integrity is what browsers check a static file with.
func (p page) Integrity(name string) string {
	if s := p.assets.byName[name]; s != nil {
		return s.Integrity
	}
	return ""
}

// Texts is the file with the words that scripts use.
func (p page) Texts() string { return "texts." + p.Tag + ".json" }

// Script is the page's own script, if it has one.
func (p page) Script() string {
	if name := p.Name + ".js"; p.assets.byName[name] != nil {
		return name
	}
	return "page.js"
}

// Modules are the scripts that the page's script needs, to be loaded with it.
func (p page) Modules() []*asset {
	return p.assets.modules(p.Script())
}

// AgentMeta tells the page's script where the agent is.
func (p page) AgentMeta() (string, error) { return p.assets.agentMeta() }

// NeedsAgent says that the page's script starts the agent.
func (p page) NeedsAgent() bool { return slices.Contains(p.Modules(), p.assets.byName["agent.js"]) }

// In is the address of this page in another language.
func (p page) In(tag string) string {
	here := url.URL{Path: "/"}
	if p.here != nil {
		here = url.URL{Path: p.here.Path, RawQuery: p.here.RawQuery}
	}
	query := here.Query()
	query.Set("lang", tag)
	here.RawQuery = query.Encode()
	return here.String()
}

// With gives a part of a page the page and a value of its own.
func (p page) With(value any) part { return part{p, value} }

// part is what parts of pages get.
type part struct {
	page
	Value any
}

// render writes a page: whole, or not at all.
func (w *Web) render(out http.ResponseWriter, status int, p page) error {
	body, err := w.text(p)
	if err != nil {
		return err
	}
	send(out, status, p, []byte(body))
	return nil
}

// text runs a page's template.
func (w *Web) text(p page) (string, error) {
	t := w.templates[p.Name]
	if t == nil {
		return "", fmt.Errorf("no page %s", p.Name)
	}
	var body strings.Builder
	root := "layout.html"
	if t.Lookup("document") != nil {
		root = "document" // a page that is all its own
	}
	if err := t.ExecuteTemplate(&body, root, p); err != nil {
		return "", fmt.Errorf("render %s: %w", p.Name, err)
	}
	return body.String(), nil
}

// send writes a page with its headers.
func send(out http.ResponseWriter, status int, p page, body []byte) {
	h := out.Header()
	secure(h)
	if p.Searches {
		h.Set("Content-Security-Policy", searchPolicy)
	}
	if p.Flow == "" && p.Name != onwardPage { // a vendor may have opened the flow in a window that answers to it
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", p.Tag)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Vary", "Accept-Language, Cookie")
	out.WriteHeader(status)
	_, _ = out.Write(body) // a browser that is gone needs no page
}
