package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// staticPath is where everything with a hash in its name is served.
const staticPath = "/static/"

//go:embed assets
var assetFiles embed.FS

// The folder of the browser's agent, as the build leaves it; without a build it is empty.
//
//go:embed all:static/agent
var agentFiles embed.FS

// asset is one static file under a name that carries its content's hash: what is under a name never
// changes, so that browsers may keep it for good.
type asset struct {
	Path      string   // as browsers ask for it
	Integrity string   // for subresource integrity
	kind      string   // its media type
	imports   []string // the modules that a script needs, by file name

	// The forms that it is sent in. Each is made when it is first asked for, and may be nil: the last two
	// where there is nothing to win, or the build made none.
	plain, gzip, brotli func() []byte
}

// assets are all static files: by the name that templates call them, and by path.
type assets struct {
	byName map[string]*asset
	byPath map[string]*asset
}

// mediaTypes are served by these names; anything else is not published.
var mediaTypes = map[string]string{
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".json":  "application/json",
	".svg":   "image/svg+xml",
	".wasm":  "application/wasm",
	".woff2": "font/woff2",
}

// newAssets names and hashes the files of both folders.
func newAssets(files, agent fs.FS) (*assets, error) {
	a := &assets{byName: map[string]*asset{}, byPath: map[string]*asset{}}
	for _, add := range []func() error{
		func() error { return a.addPlain(files, "fonts", ".woff2") },
		func() error { return a.addPlain(files, "img", ".svg") },
		func() error { return a.addStyles(files) },
		func() error { return a.addAgent(agent) },
		func() error { return a.addScripts(files) },
	} {
		if err := add(); err != nil {
			return nil, fmt.Errorf("static files: %w", err)
		}
	}
	return a, nil
}

// loadAssets reads what the program carries. The words that scripts use are a file for each language.
func loadAssets(all locales) (*assets, error) {
	files, err := fs.Sub(assetFiles, "assets")
	if err != nil {
		return nil, err
	}
	agent, err := fs.Sub(agentFiles, "static/agent")
	if err != nil {
		return nil, err
	}
	a, err := newAssets(files, agent)
	if err != nil {
		return nil, err
	}
	for tag, l := range all {
		content, err := json.Marshal(l.texts)
		if err != nil {
			return nil, fmt.Errorf("static files: texts of %s: %w", tag, err)
		}
		a.add("texts."+tag+".json", content)
	}
	return a, nil
}

// add publishes content under a name.
func (a *assets) add(name string, content []byte) *asset {
	sum, ext := sha256.Sum256(content), path.Ext(name)
	file := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:10]) + ext
	s := &asset{Path: staticPath + file, Integrity: integrityOf(content), kind: mediaTypes[ext], plain: always(content), gzip: none, brotli: none}
	if ext != ".woff2" { // which is compressed already
		s.gzip = sync.OnceValue(func() []byte { return compress(content) })
	}
	a.byName[name], a.byPath[s.Path] = s, s
	return s
}

func always(content []byte) func() []byte { return func() []byte { return content } }

func none() []byte { return nil }

func integrityOf(content []byte) string {
	sum := sha512.Sum384(content)
	return "sha384-" + base64.StdEncoding.EncodeToString(sum[:])
}

// compress is gzip at its best: each file is compressed once in the life of the program. What does not
// get smaller is nil.
func compress(content []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil // not for this level; nil is served plain
	}
	if _, err := w.Write(content); err != nil {
		return nil
	}
	if err := w.Close(); err != nil || out.Len() >= len(content) {
		return nil
	}
	return out.Bytes()
}

func (a *assets) addPlain(files fs.FS, folder, ext string) error {
	names, err := fs.Glob(files, path.Join(folder, "*"+ext))
	if err != nil {
		return err
	}
	for _, name := range names {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		a.add(path.Base(name), content)
	}
	return nil
}

// addStyles joins the style sheets in the order of their names, and points them to the fonts.
func (a *assets) addStyles(files fs.FS) error {
	names, err := fs.Glob(files, "css/*.css")
	if err != nil {
		return err
	}
	var all []byte
	for _, name := range names {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		all = append(all, content...)
	}
	text := string(all)
	for name, s := range a.byName {
		text = strings.ReplaceAll(text, `url("`+name+`")`, `url("`+s.Path+`")`)
	}
	a.add("style.css", []byte(text))
	return nil
}

// Asset is where a static file is served, and what it hashes to: for pages of other rooms that look
// like these. Both are empty for a file that does not exist.
func (w *Web) Asset(name string) (path, integrity string) {
	s, ok := w.assets.byName[name]
	if !ok {
		return "", ""
	}
	return s.Path, s.Integrity
}

// serve answers with a static file, or not at all.
func (a *assets) serve(w http.ResponseWriter, r *http.Request) bool {
	s, ok := a.byPath[r.URL.Path]
	if !ok {
		return false
	}
	h := w.Header()
	h.Set("Content-Type", s.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", staticPolicy)
	h.Add("Vary", "Accept-Encoding")
	body, encoding := s.encoded(r.Header.Get("Accept-Encoding"))
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that is gone needs no answer
	}
	return true
}

// encoded is the smallest form that the browser takes.
func (s *asset) encoded(accepted string) ([]byte, string) {
	if accepts(accepted, "br") {
		if small := s.brotli(); small != nil {
			return small, "br"
		}
	}
	if accepts(accepted, "gzip") {
		if small := s.gzip(); small != nil {
			return small, "gzip"
		}
	}
	return s.plain(), ""
}

// accepts reads an Accept-Encoding header (RFC 9110, 12.5.3). What it does not understand it does
// not send.
func accepts(header, encoding string) bool {
	return slices.ContainsFunc(strings.Split(header, ","), func(item string) bool {
		name, params, _ := strings.Cut(item, ";")
		if !strings.EqualFold(strings.TrimSpace(name), encoding) {
			return false
		}
		q, weighted := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		weight, err := strconv.ParseFloat(q, 64)
		return !weighted || err == nil && weight > 0
	})
}
