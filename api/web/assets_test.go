package web

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"html"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/andybalholm/brotli"
)

func TestStatic_underItsHash_isKeptForGood_andCompressed(t *testing.T) {
	s := newSite(t)
	style := s.web.assets.byName["style.css"]
	if !regexp.MustCompile(`^/static/style\.[0-9a-f]{20}\.css$`).MatchString(style.Path) {
		t.Errorf("the path %s carries no hash", style.Path)
	}
	plain, zipped := s.get(style.Path), s.get(style.Path, "Accept-Encoding", "br;q=0, gzip")
	for _, a := range []answer{plain, zipped} {
		if a.StatusCode != 200 || a.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" ||
			a.Header.Get("X-Content-Type-Options") != "nosniff" || a.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%d %v", a.StatusCode, a.Header)
		}
	}
	if plain.Header.Get("Content-Encoding") != "" || integrityOf([]byte(plain.body)) != style.Integrity {
		t.Error("the plain file is not what its integrity says")
	}
	r, err := gzip.NewReader(strings.NewReader(zipped.body))
	s.must(err)
	unzipped, err := io.ReadAll(r)
	s.must(err)
	if string(unzipped) != plain.body || zipped.Header.Get("Content-Encoding") != "gzip" || len(zipped.body) > len(plain.body)/3 {
		t.Errorf("zipped: %d bytes of %d, %s", len(zipped.body), len(plain.body), zipped.Header.Get("Content-Encoding"))
	}
}

func TestStatic_anythingElse_isNotThere(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/static/", "/static/style.css", "/static/agent.js", "/static/style.00000000000000000000.css", "/static/../web.go", "/static/manifest.json"} {
		if a := s.get(path); a.StatusCode == 200 {
			t.Errorf("%s is served", path)
		}
	}
}

// builtAgent is a folder as the build of the agent leaves it.
func builtAgent(t testing.TB) fstest.MapFS {
	t.Helper()
	folder, manifest := fstest.MapFS{}, map[string]published{}
	for name, file := range map[string]string{"agent.wasm": "agent.0123456789abcdef0123.wasm", "wasm_exec.js": "wasm_exec.0123456789abcdef0123.js"} {
		content := []byte(strings.Repeat("wasm of "+name, 100))
		var br bytes.Buffer
		w := brotli.NewWriter(&br)
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		folder[file] = &fstest.MapFile{Data: content}
		folder[file+".br"] = &fstest.MapFile{Data: br.Bytes()}
		folder[file+".gz"] = &fstest.MapFile{Data: compress(content)}
		manifest[name] = published{File: file, Integrity: integrityOf(content)}
	}
	text, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	folder["manifest.json"] = &fstest.MapFile{Data: text}
	return folder
}

// withAgent gives the site an agent to serve, whether or not one was built.
func (s *site) withAgent() {
	s.t.Helper()
	files, err := fs.Sub(assetFiles, "assets")
	s.must(err)
	a, err := newAssets(files, builtAgent(s.t))
	s.must(err)
	for name, text := range s.web.assets.byName {
		if strings.HasPrefix(name, "texts.") {
			a.byName[name], a.byPath[text.Path] = text, text
		}
	}
	s.web.assets = a
}

func TestStatic_theAgent_comesCompressedAsItWasBuilt_andIsNamedWithItsIntegrity(t *testing.T) {
	s := newSite(t)
	s.withAgent()
	agent := s.web.assets.byName["agent.wasm"]
	for encoding, accept := range map[string]string{"br": "gzip, deflate, br", "gzip": "gzip", "": "identity"} {
		a := s.get(agent.Path, "Accept-Encoding", accept)
		if a.StatusCode != 200 || a.Header.Get("Content-Encoding") != encoding || a.Header.Get("Content-Type") != "application/wasm" {
			t.Errorf("%s: %d %v", accept, a.StatusCode, a.Header)
		}
	}
	page := s.get("/signin").body
	if !strings.Contains(page, `<meta name="meins-agent" content="{&#34;base&#34;:&#34;/api/v1&#34;`) || !strings.Contains(page, agent.Path) {
		t.Error("the page does not say where the agent is")
	}
	if strings.Contains(page, `data-notice="agent-missing"`) {
		t.Error("the page misses the agent")
	}
	if strings.Contains(s.get("/").body, `<link rel="preload" as="fetch" crossorigin="anonymous" href="`+agent.Path) {
		t.Error("the start page loads the agent, which it does not need")
	}
}

func TestStatic_withoutABuild_pagesSayThatTheAgentIsMissing(t *testing.T) {
	s := newSite(t)
	files, err := fs.Sub(assetFiles, "assets")
	s.must(err)
	texts := s.web.assets.byName
	s.web.assets, err = newAssets(files, fstest.MapFS{})
	s.must(err)
	for _, tag := range tags {
		s.web.assets.byName["texts."+tag+".json"] = texts["texts."+tag+".json"]
	}
	if page := s.get("/signin"); page.StatusCode != 200 || !strings.Contains(page.body, `data-notice="agent-missing"`) {
		t.Errorf("%d, without the notice", page.StatusCode)
	}
}

func TestScripts_importEachOtherByHash_andTheirPagePreloadsThemWithIntegrity(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{"signin.js", "consent.js", "vault.js", "page.js"} {
		script := s.web.assets.byName[name]
		for _, other := range script.imports {
			file := strings.TrimPrefix(s.web.assets.byName[other].Path, staticPath)
			if !strings.Contains(string(script.plain()), `"./`+file+`"`) {
				t.Errorf("%s does not import %s by its hash", name, other)
			}
		}
	}
	page := html.UnescapeString(s.get("/signin").body)
	for _, m := range s.web.assets.modules("signin.js") {
		if !strings.Contains(page, `<link rel="modulepreload" href="`+m.Path+`" integrity="`+m.Integrity+`">`) {
			t.Errorf("the page does not preload %s with its integrity", m.Path)
		}
	}
}

// The worker has no integrity of its own: its whole text comes in a module, which has.
func TestScripts_theWorker_comesInACheckedModule_withTheGlueBeforeIt(t *testing.T) {
	s := newSite(t)
	s.withAgent()
	var text string
	module := string(s.web.assets.byName["worker.js"].plain())
	s.must(json.Unmarshal([]byte(strings.TrimSuffix(strings.TrimPrefix(module, "export default "), ";\n")), &text))
	own, err := assetFiles.ReadFile("assets/js/worker.js")
	s.must(err)
	if glue := string(s.web.assets.byName["wasm_exec.js"].plain()); text != glue+"\n"+string(own) {
		t.Errorf("the worker is %d bytes, of %d and %d", len(text), len(glue), len(own))
	}
	if !slices.Contains(s.web.assets.modules("consent.js"), s.web.assets.byName["worker.js"]) {
		t.Error("the consent screen does not check the worker")
	}
}

func TestScripts_inACircle_areRefused(t *testing.T) {
	_, err := newAssets(fstest.MapFS{
		"js/a.js": {Data: []byte(`import "./b.js";`)},
		"js/b.js": {Data: []byte("// not this: import \"./b.js\"\nimport { x } from \"./a.js\";")},
	}, fstest.MapFS{})
	if !errors.Is(err, errCircle) {
		t.Errorf("got %v", err)
	}
}

// The whole of what a page loads before the agent stays small, and the fonts come with their licences.
func TestStatic_isSmall_andItsFontsAreLicensed(t *testing.T) {
	s := newSite(t)
	fonts, code := 0, 0
	for name, a := range s.web.assets.byName {
		switch {
		case strings.HasSuffix(name, ".woff2"):
			fonts += len(a.plain())
			if strings.Contains(string(s.web.assets.byName["style.css"].plain()), `"`+name+`"`) || !strings.Contains(string(s.web.assets.byName["style.css"].plain()), a.Path) {
				t.Errorf("the style sheet does not name %s by its hash", name)
			}
		case name == "style.css" || strings.HasSuffix(name, ".js") && name != "wasm_exec.js":
			body, _ := a.encoded("gzip")
			code += len(body)
		}
	}
	if fonts > 250_000 || code > 48_000 { // with the 4 kB of Go's own in worker.js
		t.Errorf("%d bytes of fonts, %d of code", fonts, code)
	}
	for _, family := range []string{"newsreader", "source-sans-3"} {
		if text, err := assetFiles.ReadFile("assets/fonts/" + family + ".LICENSE.txt"); err != nil || !strings.Contains(string(text), "SIL Open Font License") {
			t.Errorf("%s has no licence: %v", family, err)
		}
	}
}

func TestAccepts_readsWeights(t *testing.T) {
	for header, want := range map[string]bool{"br": true, "gzip, BR": true, "br;q=0.5": true, "br;q=0": false, "br; q=0.000": false, "": false, "brr": false, "br;q=x": false} {
		if accepts(header, "br") != want {
			t.Errorf("accepts(%q) is not %v", header, want)
		}
	}
}
