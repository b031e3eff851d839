package api_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"
)

// parse reads one JSON value; numbers keep their digits.
func parse(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("more than one value: %w", err)
	}
	return v, nil
}

// wrong says where a value is not what a schema says. What the schema does not name is wrong.
func (d *description) wrong(s schema, v any, at string) []string {
	s = d.resolve(s)
	if all := list(s["oneOf"]); all != nil {
		for _, one := range all {
			if len(d.wrong(one.(schema), v, at)) == 0 {
				return nil
			}
		}
		return []string{at + " is none of what it may be"}
	}
	switch s["type"] {
	case "object":
		return d.wrongObject(s, v, at)
	case "array":
		return d.wrongList(s, v, at)
	case "string":
		return wrongText(s, v, at)
	case "integer":
		return wrongNumber(s, v, at)
	case "boolean":
		if _, ok := v.(bool); !ok {
			return []string{at + " is not true or false"}
		}
	}
	return nil
}

func (d *description) wrongObject(s schema, v any, at string) (found []string) {
	o, ok := v.(map[string]any)
	if !ok {
		return []string{at + " is no object"}
	}
	for _, name := range list(s["required"]) {
		if _, ok := o[name.(string)]; !ok {
			found = append(found, at+" lacks "+name.(string))
		}
	}
	properties, _ := s["properties"].(schema)
	for name, value := range o {
		if inner, ok := properties[name]; ok {
			found = append(found, d.wrong(inner.(schema), value, at+"."+name)...)
			continue
		}
		switch more := s["additionalProperties"].(type) {
		case schema:
			found = append(found, d.wrong(more, value, at+"."+name)...)
		case bool:
			if !more {
				found = append(found, at+" has "+name)
			}
		default:
			found = append(found, at+" has "+name+", which is not described")
		}
	}
	return found
}

func (d *description) wrongList(s schema, v any, at string) (found []string) {
	all, ok := v.([]any)
	if !ok {
		return []string{at + " is no list"}
	}
	if most, ok := s["maxItems"].(float64); ok && len(all) > int(most) {
		found = append(found, at+" is too long")
	}
	for i, one := range all {
		found = append(found, d.wrong(s["items"].(schema), one, fmt.Sprintf("%s[%d]", at, i))...)
	}
	return found
}

func wrongText(s schema, v any, at string) (found []string) {
	text, ok := v.(string)
	if !ok {
		return []string{at + " is no text"}
	}
	n := float64(utf8.RuneCountInString(text))
	if least, ok := s["minLength"].(float64); ok && n < least {
		found = append(found, at+" is too short")
	}
	if most, ok := s["maxLength"].(float64); ok && n > most {
		found = append(found, at+" is too long")
	}
	if pattern, ok := s["pattern"].(string); ok && !regexp.MustCompile(pattern).MatchString(text) {
		found = append(found, at+" has another form")
	}
	if choices := list(s["enum"]); choices != nil && !slices.Contains(choices, v) {
		found = append(found, at+" is "+text)
	}
	var err error
	switch s["format"] {
	case "byte":
		_, err = base64.StdEncoding.DecodeString(text)
	case "date-time":
		_, err = time.Parse(time.RFC3339Nano, text)
	}
	if err != nil {
		found = append(found, at+": "+err.Error())
	}
	return found
}

func wrongNumber(s schema, v any, at string) []string {
	text, ok := v.(json.Number)
	if !ok {
		return []string{at + " is no number"}
	}
	n, ok := new(big.Int).SetString(text.String(), 10)
	if !ok {
		return []string{at + " is no whole number"}
	}
	f, _ := new(big.Float).SetInt(n).Float64()
	if least, ok := s["minimum"].(float64); ok && f < least {
		return []string{at + " is too small"}
	}
	if most, ok := s["maximum"].(float64); ok && f > most {
		return []string{at + " is too large"}
	}
	return nil
}
