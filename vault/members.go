package vault

import (
	"bytes"
	"encoding/json"
)

// parseClaims is json.Unmarshal into Claims. Every UserInfo request does this once, so objects as
// agents write them are checked by encoding/json and cut up here, a third of the work; anything that is
// spelled otherwise goes the long way. The values share text.
func parseClaims(text []byte) (Claims, error) {
	if json.Valid(text) {
		if c, ok := cutMembers(text); ok {
			return c, nil
		}
	}
	var c Claims
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, err
	}
	return c, nil
}

// space is what JSON allows between tokens.
const space = " \t\r\n"

// cutMembers cuts valid JSON into the members of an object; false means that it is no object, or that a
// name is not plain.
func cutMembers(text []byte) (Claims, bool) {
	rest, ok := bytes.CutPrefix(bytes.TrimLeft(text, space), []byte("{"))
	c := make(Claims, 8)
	for ok {
		rest = bytes.TrimLeft(rest, space)
		if rest[0] == '}' {
			return c, true
		}
		end := 1 + bytes.IndexByte(rest[1:], '"')
		name := rest[1:end]
		if !plain(name) {
			return nil, false
		}
		rest = bytes.TrimLeft(rest[end+1:], space)[1:] // behind the colon
		n := valueEnd(rest)
		value := bytes.Trim(rest[:n], space)
		c[string(name)] = value[:len(value):len(value)]
		if rest = rest[n:]; rest[0] == ',' {
			rest = rest[1:]
		}
	}
	return nil, false
}

// plain says that a name stands for itself: no escapes, and no bytes that might not be UTF-8.
func plain(name []byte) bool {
	for _, c := range name {
		if c == '\\' || c >= 0x80 {
			return false
		}
	}
	return true
}

// valueEnd is where a member's value ends, with the space behind it: at the comma or the brace that is
// not its own.
func valueEnd(text []byte) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i += stringEnd(text[i:])
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return len(text)
}

// stringEnd is where the quote is that ends the string at the beginning of text.
func stringEnd(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(text)
}
