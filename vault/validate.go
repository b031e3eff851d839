package vault

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxValue is the largest JSON of one value in bytes, before anything is parsed.
const maxValue = 16 << 10

// Validate says whether the customer may set this value under this name, with the fault that tells
// why not. The birth date must not lie after now.
func Validate(name string, value json.RawMessage, now time.Time) error {
	_, err := normalise(name, value, now)
	return err
}

// normalise validates, and gives the value in the one spelling that is stored.
func normalise(name string, value json.RawMessage, now time.Time) (json.RawMessage, error) {
	entry, err := Lookup(name)
	switch {
	case err != nil:
		return nil, err
	case !entry.Stored:
		return nil, ErrDerived
	case len(value) > maxValue:
		return nil, ErrValueTooLong
	case !utf8.Valid(value):
		return nil, ErrValueCharacter
	}
	switch entry.Type {
	case TypeAddress:
		return normaliseAddress(value, entry.Max)
	case TypePlace:
		return normalisePlace(value, entry.Max)
	case TypeList:
		return normaliseList(value, entry, now)
	default:
		s, err := normaliseText(value, entry, entry.Type, now)
		if err != nil {
			return nil, err
		}
		return json.Marshal(s)
	}
}

// normaliseText checks a JSON string by its type, and gives it in its one spelling.
func normaliseText(value json.RawMessage, entry Entry, t Type, now time.Time) (string, error) {
	s, err := unquote(value)
	if err != nil {
		return "", err
	}
	if err := checkText(s, entry.Max, false); err != nil {
		return "", err
	}
	return form(t, s, entry.Options, now)
}

// maxItems is how many things a list holds.
const maxItems = 20

// normaliseList checks a JSON array member by member. What is in it twice is kept once.
func normaliseList(value json.RawMessage, entry Entry, now time.Time) (json.RawMessage, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(value, &items); err != nil || items == nil {
		return nil, ErrValueType
	}
	switch {
	case len(items) == 0:
		return nil, ErrValueEmpty
	case len(items) > maxItems:
		return nil, ErrTooMany
	}
	texts := make([]string, 0, len(items))
	for _, item := range items {
		s, err := normaliseText(item, entry, entry.Item, now)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(texts, s) {
			texts = append(texts, s)
		}
	}
	return json.Marshal(texts)
}

// unquote reads a JSON string, and nothing else: null is no text.
func unquote(value json.RawMessage) (string, error) {
	var s *string
	if err := json.Unmarshal(value, &s); err != nil || s == nil {
		return "", ErrValueType
	}
	return *s, nil
}

// The members of objects; true for those that may have several lines.
var (
	addressMembers = map[string]bool{
		"street_address": true, "formatted": true, "locality": false, "region": false, "postal_code": false, "country": false,
	}
	placeMembers = map[string]bool{"country": false, "region": false, "locality": false}
)

// normaliseAddress sorts the members of an address (OpenID Connect Core 5.1.1). Its country is what
// stands on an envelope.
func normaliseAddress(value json.RawMessage, limit int) (json.RawMessage, error) {
	texts, err := objectOf(value, limit, addressMembers, ErrAddressMember)
	if err != nil {
		return nil, err
	}
	return json.Marshal(texts)
}

// normalisePlace sorts the members of a place; its country is written in two letters, as OpenID Connect
// for Identity Assurance has it.
func normalisePlace(value json.RawMessage, limit int) (json.RawMessage, error) {
	texts, err := objectOf(value, limit, placeMembers, ErrPlaceMember)
	if err != nil {
		return nil, err
	}
	if code, ok := texts["country"]; ok {
		two, _, known := country(code)
		if !known {
			return nil, ErrCountry
		}
		texts["country"] = two
	}
	return json.Marshal(texts)
}

// objectOf checks an object of texts with these members.
func objectOf(value json.RawMessage, limit int, known map[string]bool, unknown error) (map[string]string, error) {
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(value, &parts); err != nil || parts == nil {
		return nil, ErrValueType
	}
	if len(parts) == 0 {
		return nil, ErrValueEmpty
	}
	texts := make(map[string]string, len(parts))
	for member, raw := range parts {
		lines, ok := known[member]
		if !ok {
			return nil, unknown
		}
		s, err := unquote(raw)
		if err != nil {
			return nil, err
		}
		if err := checkText(s, limit, lines); err != nil {
			return nil, err
		}
		texts[member] = s
	}
	return texts, nil
}

// checkText refuses the empty text, what is too long, and characters that a screen does not show as
// what they are: controls, and those that turn the direction of the text around them.
func checkText(s string, limit int, lines bool) error {
	switch {
	case strings.TrimSpace(s) == "":
		return ErrValueEmpty
	case utf8.RuneCountInString(s) > limit:
		return ErrValueTooLong.Because(errors.New("at most " + strconv.Itoa(limit) + " characters"))
	}
	for _, r := range s {
		if lines && (r == '\n' || r == '\r') {
			continue
		}
		if unicode.IsControl(r) || isHidden(r) {
			return ErrValueCharacter
		}
	}
	return nil
}

// isHidden are line separators, bidirectional embeddings, overrides and isolates, the byte order
// mark, and the sign of a broken encoding. Joiners stay: names in Persian and Hindi need them.
func isHidden(r rune) bool {
	return r == '\u2028' || r == '\u2029' || r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069' ||
		r == '\uFEFF' || r == utf8.RuneError
}
