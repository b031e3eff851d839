package api_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/meins-id/meins/internal/apptest"
)

// schema is a JSON schema, as the description has it.
type schema = map[string]any

// description is /api/openapi.json.
type description struct{ top schema }

// operation is one call.
type operation struct {
	ID, Method, Path string
	Params           []param
	Body             schema // nil when there is none
	Answers          map[string]answer
	Problems         map[string]int // by code
	Callers          []string       // security schemes; "" is anybody
}

type param struct {
	Name, In string
	Needed   bool
	Schema   schema
}

// answer is what a call may say: by media type, the form of its body.
type answer struct{ Content map[string]schema }

// described reads the description from the running program.
func described(t testing.TB, p *apptest.Program) *description {
	t.Helper()
	d := &description{}
	if err := json.Unmarshal([]byte(p.Get(t, p.Issuer+"/api/openapi.json")), &d.top); err != nil {
		t.Fatal(err)
	}
	return d
}

func calls(t testing.TB, p *apptest.Program) []operation {
	t.Helper()
	return described(t, p).operations()
}

func (d *description) operations() []operation {
	var all []operation
	for path, item := range d.top["paths"].(schema) {
		for method, o := range item.(schema) {
			all = append(all, d.operation(strings.ToUpper(method), path, o.(schema)))
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return strings.Compare(a.ID, b.ID) })
	return all
}

func (d *description) operation(method, path string, o schema) operation {
	out := operation{ID: o["operationId"].(string), Method: method, Path: path, Answers: map[string]answer{}, Problems: map[string]int{}}
	for _, one := range list(o["parameters"]) {
		q := d.resolve(one.(schema))
		needed, _ := q["required"].(bool)
		out.Params = append(out.Params, param{q["name"].(string), q["in"].(string), needed, q["schema"].(schema)})
	}
	if body, ok := o["requestBody"].(schema); ok {
		out.Body = body["content"].(schema)["application/json"].(schema)["schema"].(schema)
	}
	for status, one := range o["responses"].(schema) {
		content := map[string]schema{}
		if c, ok := d.resolve(one.(schema))["content"].(schema); ok {
			for kind, media := range c {
				content[kind] = media.(schema)["schema"].(schema)
			}
		}
		out.Answers[status] = answer{content}
	}
	table := d.top["x-problems"].(schema)
	for _, code := range list(o["x-problems"]) {
		out.Problems[code.(string)] = int(table[code.(string)].(schema)["status"].(float64))
	}
	demands, own := o["security"]
	if !own {
		demands = d.top["security"]
	}
	for _, one := range list(demands) {
		if len(one.(schema)) == 0 {
			out.Callers = append(out.Callers, "")
		}
		for name := range one.(schema) {
			out.Callers = append(out.Callers, name)
		}
	}
	if len(out.Callers) == 0 {
		out.Callers = []string{""}
	}
	return out
}

func (d *description) resolve(s schema) schema {
	ref, ok := s["$ref"].(string)
	if !ok {
		return s
	}
	var found any = d.top
	for _, name := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
		found = found.(schema)[name]
	}
	return d.resolve(found.(schema))
}

func list(v any) []any {
	all, _ := v.([]any)
	return all
}
