package reference

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// methods are what a path may be called by, as members of a path item.
var methods = []string{"get", "head", "post", "put", "patch", "delete"}

// document is the description as it is served.
type document struct{ object }

// newDocument reads the description and says of each call which problems it may answer.
//
// A problem is listed once, in x-problems at the top, with its status. Those that follow from what a
// call takes (`with`: a body, input of any kind, a session …) are not repeated at each call; its own are.
func newDocument(text []byte) (document, error) {
	top, err := read(text)
	if err != nil {
		return document{}, err
	}
	d := document{top}
	paths := object{}
	for _, path := range top.object("paths") {
		item, _ := path.value.(object) // every path has an item
		for _, method := range methods {
			call := item.object(method)
			if call == nil {
				continue
			}
			problems, err := d.problems(method, call)
			if err != nil {
				return document{}, fmt.Errorf("%s %s: %w", method, path.name, err)
			}
			call = call.with("x-problems", anys(problems)).with("responses", d.responses(method, call, problems))
			item = item.with(method, call)
		}
		paths = append(paths, member{path.name, item})
	}
	d.object = top.with("paths", paths)
	return d, nil
}

func anys(texts []string) []any {
	out := make([]any, 0, len(texts))
	for _, t := range texts {
		out = append(out, t)
	}
	return out
}

// problems are the codes that a call may answer, its own first.
func (d document) problems(method string, call object) ([]string, error) {
	codes := call.texts("x-problems")
	for _, code := range codes {
		if d.object.object("x-problems", code) == nil {
			return nil, fmt.Errorf("problem %q is not described", code)
		}
	}
	for _, p := range d.object.object("x-problems") {
		about, _ := p.value.(object) // every problem is described
		if slices.Contains(codes, p.name) || !d.implied(about.text("with"), method, call) {
			continue
		}
		codes = append(codes, p.name)
	}
	return codes, nil
}

// implied says that a call takes what a problem comes with.
func (d document) implied(with, method string, call object) bool {
	switch with {
	case "":
		return false
	case "any":
		return true
	case "body":
		return call.object("requestBody") != nil
	case "input":
		return len(call.list("parameters")) > 0 || call.object("requestBody") != nil
	case "change":
		return method != "get" && method != "head"
	}
	if name, ok := strings.CutPrefix(with, "parameter:"); ok {
		return d.takes(call, name)
	}
	return slices.ContainsFunc(d.callers(call), func(caller string) bool { return slices.Contains(strings.Split(with, "|"), caller) })
}

// takes says that a call has a parameter of this name.
func (d document) takes(call object, name string) bool {
	return slices.ContainsFunc(call.list("parameters"), func(one any) bool {
		parameter, ok := one.(object)
		return ok && d.resolve(parameter).text("name") == name
	})
}

// callers are the names of the security schemes that a call may be made with; "" is nobody in particular.
func (d document) callers(call object) []string {
	demands := call.list("security")
	if call.at("security") == nil {
		demands = d.list("security")
	}
	if len(demands) == 0 {
		return []string{""}
	}
	var all []string
	for _, demand := range demands {
		one, _ := demand.(object) // a demand is an object
		if len(one) == 0 {
			all = append(all, "")
		}
		for _, scheme := range one {
			all = append(all, scheme.name)
		}
	}
	return all
}

// responses replaces the default by each status that a problem of the call has. What is read can be known
// already.
func (d document) responses(method string, call object, problems []string) object {
	out := call.object("responses").without("default")
	if method == "get" {
		out = append(out, member{"304", object{{"description", "It is as `If-None-Match` names it."}}})
	}
	var statuses []string
	for _, code := range problems {
		status := strconv.Itoa(d.status(code))
		if !slices.Contains(statuses, status) {
			statuses = append(statuses, status)
		}
	}
	slices.Sort(statuses)
	for _, status := range statuses {
		out = append(out, member{status, object{{"$ref", "#/components/responses/Refused"}}})
	}
	return out
}

func (d document) status(code string) int {
	status, _ := d.at("x-problems", code, "status").(int) // a test holds that each has one
	return status
}

// resolve follows references within the document.
func (d document) resolve(o object) object {
	for range 10 { // deeper than any chain here
		ref := o.text("$ref")
		if ref == "" {
			return o
		}
		o = d.object.object(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	return o
}

// named is the last part of a reference, empty when there is none.
func named(o object) string {
	ref := o.text("$ref")
	return ref[strings.LastIndexByte(ref, '/')+1:]
}
