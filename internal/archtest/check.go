package archtest

import (
	"fmt"
	"go/ast"
	"io/fs"
	"slices"
	"strings"
)

// A violation is one place that breaks a rule.
type violation struct {
	path string
	line int
	text string
}

func (v violation) String() string { return fmt.Sprintf("%s:%d: %s", v.path, v.line, v.text) }

// check holds the whole source tree against every rule.
func check(tree fs.FS) ([]violation, error) {
	sources, err := load(tree)
	if err != nil {
		return nil, err
	}
	var all []violation
	for _, s := range sources {
		for _, rule := range []func(*source) []violation{direction, banned, doorways, fileLength, functionLength} {
			all = append(all, rule(s)...)
		}
	}
	all = append(all, interfaces(sources)...)
	slices.SortFunc(all, func(a, b violation) int { return strings.Compare(a.String(), b.String()) })
	return all, nil
}

// direction lets a room import only the rooms in its row.
func direction(s *source) []violation {
	if s.test {
		return nil
	}
	own, ok := roomOf(s.dir)
	if !ok {
		return []violation{{s.path, 1, "package " + s.dir + " stands in no room: give it a row in internal/archtest/rules.go"}}
	}
	var found []violation
	for _, i := range s.imports() {
		if !within(i.path, module) {
			continue
		}
		other, ok := roomOf(strings.TrimPrefix(strings.TrimPrefix(i.path, module), "/"))
		if ok && (other.path == own.path || slices.Contains(own.may, other.path)) {
			continue
		}
		found = append(found, violation{s.path, s.line(i.at), own.path + " may not import " + i.path})
	}
	return found
}

func banned(s *source) []violation {
	var found []violation
	for _, i := range s.imports() {
		for _, b := range bans {
			if b.means(i.path) && b.holds(s) {
				found = append(found, violation{s.path, s.line(i.at), "may not import " + i.path + ": " + b.why})
			}
		}
	}
	return found
}

func (b ban) means(path string) bool {
	return path == b.imports || !b.only && within(path, b.imports)
}

func (b ban) holds(s *source) bool {
	if s.test && !b.tests {
		return false
	}
	return (len(b.in) == 0 || within(s.dir, b.in...)) && !within(s.dir, b.except...)
}

// doorways finds what goes through a door that is not open to it: any mention of the function, or,
// where the door's name ends in (), only a call, so that the function can be handed on as a value.
func doorways(s *source) []violation {
	if s.test {
		return nil
	}
	var found []violation
	for _, d := range doors {
		if within(s.dir, d.open...) {
			continue
		}
		name, isDot := s.nameOf(d.pkg)
		if name == "" {
			continue
		}
		if isDot {
			found = append(found, violation{s.path, 1, "may not import " + d.pkg + " with a dot"})
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			if d.through(n, name) {
				found = append(found, violation{s.path, s.line(n.Pos()), "may not use " + name + "." + d.name + ": " + d.why})
			}
			return true
		})
	}
	return found
}

// nameOf is the name that a file knows a package by; empty when it does not import it.
func (s *source) nameOf(pkg string) (name string, isDot bool) {
	for _, i := range s.imports() {
		if i.path == pkg {
			return i.name, i.name == "."
		}
	}
	return "", false
}

func (d door) through(n ast.Node, pkg string) bool {
	function, onlyCalls := strings.CutSuffix(d.name, "()")
	if onlyCalls {
		call, ok := n.(*ast.CallExpr)
		return ok && isSelector(call.Fun, pkg, function)
	}
	e, ok := n.(ast.Expr)
	return ok && isSelector(e, pkg, function)
}

func isSelector(e ast.Expr, pkg, name string) bool {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != name {
		return false
	}
	x, ok := sel.X.(*ast.Ident)
	return ok && x.Name == pkg
}
