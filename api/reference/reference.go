package reference

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"sync"
)

// Where it is served.
const (
	PathDocument = "/api/openapi.json"
	PathPage     = "/api/docs"
	PathStyle    = "/api/docs/style.css"
)

//go:embed page.html reference.css
var files embed.FS

// Sheet is a style sheet: where it is, and what it must be.
type Sheet struct{ Path, Integrity string }

// Options of New. Only the document is needed.
type Options struct {
	Document []byte // openapi.yaml
	Sheet    Sheet  // of the other pages, whose look this one has
	Icon     string // the path of their icon
}

// Reference serves the description of the API. Its methods may be called from any goroutine.
type Reference struct {
	made func() (*answers, error)
}

// answers is everything that is served.
type answers struct{ document, page, style fixed }

// New prepares a reference. It is made when somebody asks for it the first time: reading the
// description takes longer than everything else at the start of a server, and more memory.
func New(o Options) *Reference {
	return &Reference{sync.OnceValues(func() (*answers, error) { return o.make() })}
}

// make reads the description and makes everything that is served.
func (o Options) make() (*answers, error) {
	d, err := newDocument(o.Document)
	if err != nil {
		return nil, fmt.Errorf("read the API's description: %w", err)
	}
	text, err := json.Marshal(d.object)
	if err != nil {
		return nil, fmt.Errorf("write the API's description: %w", err)
	}
	style, err := files.ReadFile("reference.css")
	if err != nil {
		return nil, err
	}
	p := d.page()
	p.Document, p.Icon, p.Sheets = PathDocument, o.Icon, []Sheet{{PathStyle, integrity(style)}}
	if o.Sheet.Path != "" {
		p.Sheets = append([]Sheet{o.Sheet}, p.Sheets...)
	}
	html, err := render(p)
	if err != nil {
		return nil, fmt.Errorf("write the API's page: %w", err)
	}
	return &answers{
		document: fix("application/json", text), page: fix("text/html; charset=utf-8", html), style: fix("text/css; charset=utf-8", style),
	}, nil
}

func render(p page) ([]byte, error) {
	t, err := template.ParseFS(files, "page.html")
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = t.Execute(&out, p)
	return out.Bytes(), err
}

func integrity(content []byte) string {
	sum := sha512.Sum384(content)
	return "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Document answers with the description, for programs.
func (s *Reference) Document(w http.ResponseWriter, r *http.Request) {
	// Everybody may read it from anywhere: it is the same for all, and tools run on pages of their own.
	w.Header().Set("Access-Control-Allow-Origin", "*")
	s.serve(w, r, func(a *answers) fixed { return a.document })
}

// Page answers with the description, for people.
func (s *Reference) Page(w http.ResponseWriter, r *http.Request) {
	s.serve(w, r, func(a *answers) fixed { return a.page })
}

// Style answers with the page's own style sheet.
func (s *Reference) Style(w http.ResponseWriter, r *http.Request) {
	s.serve(w, r, func(a *answers) fixed { return a.style })
}

// serve answers with one of them. That they cannot be made is a mistake of the program, which its
// tests find.
func (s *Reference) serve(w http.ResponseWriter, r *http.Request, one func(*answers) fixed) {
	a, err := s.made()
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	one(a).serve(w, r)
}

// fixed is an answer that is the same for everybody until the program is another one.
type fixed struct {
	kind, tag string
	body      []byte
}

func fix(kind string, body []byte) fixed {
	sum := sha256.Sum256(body)
	return fixed{kind, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, body}
}

// policy: the page has style and links, and does nothing.
const policy = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

func (f fixed) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("ETag", f.tag)
	h.Set("Cache-Control", "no-cache") // kept, and asked about: the next program may say other things
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	if f.known(r) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", f.kind)
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(f.body) // a client that is gone needs no answer
	}
}

// known says that whoever asks has it already (RFC 9110, 13.1.2).
func (f fixed) known(r *http.Request) bool {
	for _, header := range r.Header.Values("If-None-Match") {
		for tag := range strings.SplitSeq(header, ",") {
			if tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/"); tag == f.tag || tag == "*" {
				return true
			}
		}
	}
	return false
}
