package reference

import (
	"cmp"
	"slices"
	"strings"
)

// page is what the template shows.
type page struct {
	Title, Version, Base string
	Intro                []prose
	Callers              []caller
	Groups               []group
	Things               []thing
	Problems             []problem
	Sheets               []Sheet
	Icon, Document       string
}

type caller struct {
	Name, Words string
	Text        []prose
}

type group struct {
	Name, Title string
	Text        []prose
	Calls       []call
}

type call struct {
	ID, Method, Path, Summary string
	Text                      []prose
	Callers                   []caller
	Parameters                []parameter
	Body                      *body
	Answers                   []answer
	Problems                  []problem
}

type parameter struct {
	field

	In string
}

type body struct {
	Types  []string
	Kind   kind
	Fields []field
}

type answer struct {
	Status  string
	Text    []prose
	Headers []string
	Body    *body
}

type problem struct {
	Code   string
	Status int
	Title  string
}

// thing is an object of the description that calls take or answer.
type thing struct {
	Name   string
	Text   []prose
	Fields []field
}

// callerWords say who a security scheme stands for.
var callerWords = map[string]string{
	"": "anybody", "session": "a customer who is signed in", "vendor": "a vendor, with a token of its own",
	"program": "a program of the customer’s own, with a token",
}

func (d document) page() page {
	p := page{
		Title: d.text("info", "title"), Version: d.text("info", "version"), Intro: paragraphs(d.text("info", "description")),
		Groups: d.groups(), Things: d.things(), Problems: d.problemTable(),
	}
	if servers := d.list("servers"); len(servers) > 0 {
		first, _ := servers[0].(object) // a server is an object
		p.Base = first.text("url")
	}
	for _, scheme := range d.object.object("components", "securitySchemes") {
		about, _ := scheme.value.(object) // a scheme is an object
		p.Callers = append(p.Callers, caller{scheme.name, cmp.Or(callerWords[scheme.name], scheme.name), paragraphs(about.text("description"))})
	}
	return p
}

// groups are the calls by their tags, in the order of the tags.
func (d document) groups() []group {
	var all []group
	for _, item := range d.list("tags") {
		tag, _ := item.(object) // a tag is an object
		g := group{Name: tag.text("name"), Title: title(tag.text("name")), Text: paragraphs(tag.text("description"))}
		for _, path := range d.object.object("paths") {
			for _, m := range path.value.(object) {
				if one, ok := m.value.(object); ok && slices.Contains(one.texts("tags"), g.Name) {
					g.Calls = append(g.Calls, d.call(strings.ToUpper(m.name), path.name, one))
				}
			}
		}
		all = append(all, g)
	}
	return all
}

func title(name string) string {
	return strings.ToUpper(name[:1]) + name[1:]
}

func (d document) call(method, path string, o object) call {
	c := call{ID: o.text("operationId"), Method: method, Path: path, Summary: o.text("summary"), Text: paragraphs(o.text("description"))}
	for _, name := range d.callers(o) {
		one := caller{Name: name, Words: cmp.Or(callerWords[name], name)}
		if scopes := d.scopes(o, name); scopes != "" {
			one.Words += ", for " + scopes
		}
		c.Callers = append(c.Callers, one)
	}
	for _, item := range o.list("parameters") {
		one, _ := item.(object) // a parameter is an object
		one = d.resolve(one)
		c.Parameters = append(c.Parameters, parameter{In: one.text("in"), field: field{
			Name: one.text("name"), Kind: d.kindOf(one.object("schema")), Needed: one.at("required") == true, Text: paragraphs(one.text("description")),
		}})
	}
	c.Body = d.body(o.object("requestBody"))
	for _, r := range o.object("responses") {
		if r.name < "4" {
			c.Answers = append(c.Answers, d.answer(r))
		}
	}
	for _, code := range o.texts("x-problems") {
		c.Problems = append(c.Problems, d.problem(code))
	}
	slices.SortStableFunc(c.Problems, func(a, b problem) int { return cmp.Compare(a.Status, b.Status) })
	return c
}

// scopes are what a token needs for a call.
func (d document) scopes(o object, scheme string) string {
	var all []string
	for _, item := range o.list("security") {
		demand, _ := item.(object) // a demand is an object
		all = append(all, demand.texts(scheme)...)
	}
	return strings.Join(all, " and ")
}

func (d document) answer(r member) answer {
	o, _ := r.value.(object) // an answer is an object
	o = d.resolve(o)
	a := answer{Status: r.name, Text: paragraphs(o.text("description")), Body: d.body(o)}
	for _, h := range o.object("headers") {
		a.Headers = append(a.Headers, h.name)
	}
	return a
}

// body is the content of a request or an answer; its types share a form, or have none to show.
func (d document) body(o object) *body {
	content := o.object("content")
	if len(content) == 0 {
		return nil
	}
	out := &body{}
	for _, kind := range content {
		out.Types = append(out.Types, kind.name)
	}
	first, _ := content[0].value.(object) // a content is an object
	schema := first.object("schema")
	out.Kind, out.Fields = d.kindOf(schema), d.fieldsOf(schema)
	return out
}

// things are the objects that have members.
func (d document) things() []thing {
	var all []thing
	for _, s := range d.object.object("components", "schemas") {
		schema, _ := s.value.(object) // a schema is an object
		if fields := d.fieldsOf(schema); len(fields) > 0 {
			all = append(all, thing{Name: s.name, Text: paragraphs(schema.text("description")), Fields: fields})
		}
	}
	slices.SortFunc(all, func(a, b thing) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func (d document) problem(code string) problem {
	return problem{code, d.status(code), d.text("x-problems", code, "title")}
}

func (d document) problemTable() []problem {
	var all []problem
	for _, p := range d.object.object("x-problems") {
		all = append(all, d.problem(p.name))
	}
	slices.SortFunc(all, func(a, b problem) int { return strings.Compare(a.Code, b.Code) })
	return all
}
