package api_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// drawer makes values after schemas.
type drawer struct {
	*description

	rt *rapid.T
	// known are values that exist, by the names of schemas or parameters: so that requests come
	// further than to the first check.
	known map[string][]any
}

// valid makes a value that a schema permits.
func (d *drawer) valid(s schema, name string) any {
	some := d.known[name]
	if ref, ok := s["$ref"].(string); ok {
		s = d.resolve(s)
		if some == nil {
			name = ref[strings.LastIndexByte(ref, '/')+1:]
			some = d.known[name]
		}
	}
	if some != nil && rapid.IntRange(0, 3).Draw(d.rt, "known") > 0 {
		one := rapid.SampledFrom(some).Draw(d.rt, name)
		if o, ok := one.(map[string]any); ok {
			return maps.Clone(o) // it may be broken later
		}
		return one
	}
	if all := list(s["oneOf"]); all != nil {
		return d.valid(rapid.SampledFrom(all).Draw(d.rt, "one of").(schema), name)
	}
	switch s["type"] {
	case "object":
		return d.object(s)
	case "array":
		n := rapid.IntRange(least(s, "minItems"), min(most(s, "maxItems"), 3)).Draw(d.rt, "items")
		out := make([]any, 0, n)
		for range n {
			out = append(out, d.valid(s["items"].(schema), ""))
		}
		return out
	case "integer":
		return d.number(s)
	case "boolean":
		return rapid.Bool().Draw(d.rt, name)
	}
	return d.text(s, name)
}

func (d *drawer) object(s schema) any {
	out := map[string]any{}
	properties, _ := s["properties"].(schema)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if slices.Contains(list(s["required"]), any(name)) || rapid.Bool().Draw(d.rt, name) {
			out[name] = d.valid(properties[name].(schema), name)
		}
	}
	if more, ok := s["additionalProperties"].(schema); ok {
		out[rapid.StringMatching(`[a-z2-7]{26}`).Draw(d.rt, "member")] = d.valid(more, "")
	}
	return out
}

func (d *drawer) number(s schema) any {
	low, high := int64(least(s, "minimum")), int64(math.MaxInt64)
	if m, ok := s["maximum"].(float64); ok {
		high = int64(m)
	}
	if rapid.Bool().Draw(d.rt, "small") {
		high = min(high, low+3)
	}
	return rapid.Int64Range(low, high).Draw(d.rt, "number")
}

func (d *drawer) text(s schema, name string) any {
	if choices := list(s["enum"]); choices != nil {
		return rapid.SampledFrom(choices).Draw(d.rt, name)
	}
	if pattern, ok := s["pattern"].(string); ok {
		return rapid.StringMatching(strings.Trim(pattern, "^$")).Filter(func(v string) bool { return len(v) <= most(s, "maxLength") }).Draw(d.rt, name)
	}
	switch s["format"] {
	case "byte":
		low, high := least(s, "minLength")/4*3, min(most(s, "maxLength")/4*3, 400)
		if least(s, "minLength") == most(s, "maxLength") { // of a fixed length: what it must encode to
			low = map[int]int{24: 16, 44: 32}[most(s, "maxLength")]
			high = low
		}
		return base64.StdEncoding.EncodeToString(rapid.SliceOfN(rapid.Byte(), low, high).Draw(d.rt, name))
	case "date-time":
		seconds := rapid.Int64Range(-62135596800, 253402300799).Draw(d.rt, name)
		if rapid.Bool().Draw(d.rt, "soon") {
			seconds = time.Now().Unix() + rapid.Int64Range(-1000, 40000000).Draw(d.rt, "in")
		}
		return time.Unix(seconds, 0).UTC().Format(time.RFC3339)
	}
	return rapid.StringN(least(s, "minLength"), min(most(s, "maxLength"), 60), -1).Draw(d.rt, name)
}

func least(s schema, name string) int {
	v, _ := s[name].(float64)
	return int(v)
}

func most(s schema, name string) int {
	if v, ok := s[name].(float64); ok {
		return int(v)
	}
	return 100
}

// odd are values that somebody might send in any place.
var odd = []any{
	nil, true, -1, 0, 1.5, json.Number("1e400"), json.Number("18446744073709551616"), "", "\x00", "null", strings.Repeat("a", 5000), "ä\u202e\uFEFF",
	"../..", "' OR 1=1",
	[]any{},
	[]any{nil},
	map[string]any{},
	map[string]any{"": nil},
	"aaaaaaaaaaaaaaaaaaaaaaaaaa", "AAAA",
	"2026-11-22T08:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
}

// broken puts something odd somewhere into a value, or takes something out.
func (d *drawer) broken(v any) any {
	if rapid.IntRange(0, 3).Draw(d.rt, "here") == 0 {
		return rapid.SampledFrom(odd).Draw(d.rt, "odd")
	}
	switch inner := v.(type) {
	case map[string]any:
		if len(inner) == 0 {
			break
		}
		name := rapid.SampledFrom(slices.Sorted(maps.Keys(inner))).Draw(d.rt, "member")
		if rapid.IntRange(0, 3).Draw(d.rt, "out") == 0 {
			delete(inner, name)
			return inner
		}
		inner[name] = d.broken(inner[name])
		return inner
	case []any:
		if len(inner) == 0 {
			break
		}
		i := rapid.IntRange(0, len(inner)-1).Draw(d.rt, "item")
		inner[i] = d.broken(inner[i])
		return inner
	}
	return rapid.SampledFrom(odd).Draw(d.rt, "odd")
}

// body makes the text of a body, most often one that the schema permits.
func (d *drawer) body(s schema) string {
	v := d.valid(s, "")
	switch rapid.IntRange(0, 7).Draw(d.rt, "how") {
	case 0, 1, 2:
		v = d.broken(v)
	case 3:
		return rapid.SampledFrom([]string{"", "{", "null", "[]", `""`, "{}{}", "\xff", `{"a":`, strings.Repeat("[", 20000), `{"flow":"` + strings.Repeat("x", 1<<20)}).Draw(d.rt, "raw")
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "{}" // json.Number that is no number
	}
	return string(text)
}
