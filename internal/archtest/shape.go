package archtest

import (
	"fmt"
	"go/ast"
	"path"
)

func fileLength(s *source) []violation {
	if s.generated || s.lines <= maxFileLines {
		return nil
	}
	return []violation{{s.path, 1, fmt.Sprintf("file has %d lines, more than %d", s.lines, maxFileLines)}}
}

func functionLength(s *source) []violation {
	if s.generated || s.test {
		return nil
	}
	var found []violation
	for _, d := range s.ast.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if n := s.line(f.End()) - s.line(f.Pos()) + 1; n > maxFunctionLines {
			text := fmt.Sprintf("function %s has %d lines, more than %d", f.Name.Name, n, maxFunctionLines)
			found = append(found, violation{s.path, s.line(f.Pos()), text})
		}
	}
	return found
}

// declared is an interface type where it is declared.
type declared struct {
	name string
	in   *source
	*ast.InterfaceType
}

// interfaces finds those with too many methods. Methods that come in by embedding an interface of
// the same package count too; one of another package counts as one.
func interfaces(sources []*source) []violation {
	byName := map[string]declared{} // "dir.Name" → declaration
	var all []declared
	for _, s := range sources {
		ast.Inspect(s.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.TypeSpec:
				if i, ok := n.Type.(*ast.InterfaceType); ok {
					byName[path.Join(s.dir, n.Name.Name)] = declared{n.Name.Name, s, i}
				}
			case *ast.InterfaceType:
				all = append(all, declared{"interface", s, n})
			}
			return true
		})
	}
	var found []violation
	for _, d := range all {
		if n := d.methods(byName, map[string]bool{}); n > maxMethods && !d.in.generated {
			text := fmt.Sprintf("%s has %d methods, more than %d", d.name, n, maxMethods)
			found = append(found, violation{d.in.path, d.in.line(d.Pos()), text})
		}
	}
	return found
}

func (d declared) methods(byName map[string]declared, seen map[string]bool) int {
	n := 0
	for _, m := range d.Methods.List {
		if len(m.Names) > 0 {
			n += len(m.Names)
			continue
		}
		n += d.embedded(m.Type, byName, seen)
	}
	return n
}

func (d declared) embedded(e ast.Expr, byName map[string]declared, seen map[string]bool) int {
	switch e := e.(type) {
	case *ast.Ident:
		key := path.Join(d.in.dir, e.Name)
		inner, ok := byName[key]
		if !ok || seen[key] {
			return 0 // a constraint such as comparable, or counted already
		}
		seen[key] = true
		return inner.methods(byName, seen)
	case *ast.SelectorExpr:
		return 1
	default:
		return 0 // a union of types in a constraint
	}
}
