package reference

import (
	"bytes"
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v2"
)

// object is a JSON object whose members keep the order in which they were written: a page that shows
// the document in another order would be harder to read than the document.
type object []member

type member struct {
	name  string
	value any
}

// read parses YAML into objects, lists and plain values.
func read(text []byte) (object, error) {
	var top yaml.MapSlice
	if err := yaml.UnmarshalStrict(text, &top); err != nil {
		return nil, err
	}
	out, _ := ordered(top).(object) // a MapSlice becomes an object
	return out, nil
}

func ordered(value any) any {
	switch v := value.(type) {
	case yaml.MapSlice:
		out := make(object, 0, len(v))
		for _, item := range v {
			out = append(out, member{fmt.Sprint(item.Key), ordered(item.Value)})
		}
		return out
	case []any:
		out := make([]any, 0, len(v))
		for _, item := range v {
			out = append(out, ordered(item))
		}
		return out
	}
	return value
}

// at is the value under these names, nil where there is none.
func (o object) at(names ...string) any {
	var found any = o
	for _, name := range names {
		inner, _ := found.(object) // nothing is below what is no object
		found = nil
		for _, m := range inner {
			if m.name == name {
				found = m.value
			}
		}
	}
	return found
}

func (o object) object(names ...string) object {
	found, _ := o.at(names...).(object) // none is an empty one
	return found
}

func (o object) text(names ...string) string {
	found, _ := o.at(names...).(string) // none is an empty one
	return found
}

func (o object) list(names ...string) []any {
	found, _ := o.at(names...).([]any) // none is an empty one
	return found
}

// texts is a list of texts.
func (o object) texts(names ...string) []string {
	var all []string
	for _, item := range o.list(names...) {
		all = append(all, fmt.Sprint(item))
	}
	return all
}

// with is the object with one member set, in its place or at the end.
func (o object) with(name string, value any) object {
	out := make(object, 0, len(o)+1)
	set := false
	for _, m := range o {
		if m.name == name {
			m.value, set = value, true
		}
		out = append(out, m)
	}
	if !set {
		out = append(out, member{name, value})
	}
	return out
}

// without is the object less one member.
func (o object) without(name string) object {
	out := make(object, 0, len(o))
	for _, m := range o {
		if m.name != name {
			out = append(out, m)
		}
	}
	return out
}

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
