package vault

import (
	"encoding/json"
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
	if entry.Type == TypeAddress {
		return normaliseAddress(value, entry.Max)
	}
	s, err := unquote(value)
	if err != nil {
		return nil, err
	}
	if err := checkText(s, entry.Max, false); err != nil {
		return nil, err
	}
	if err := checkForm(entry.Type, s, now); err != nil {
		return nil, err
	}
	return json.Marshal(s)
}

// unquote reads a JSON string, and nothing else: null is no text.
func unquote(value json.RawMessage) (string, error) {
	var s *string
	if err := json.Unmarshal(value, &s); err != nil || s == nil {
		return "", ErrValueType
	}
	return *s, nil
}

// normaliseAddress checks the members of OpenID Connect Core 5.1.1 and sorts them.
func normaliseAddress(value json.RawMessage, limit int) (json.RawMessage, error) {
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(value, &parts); err != nil || parts == nil {
		return nil, ErrValueType
	}
	if len(parts) == 0 {
		return nil, ErrValueEmpty
	}
	texts := make(map[string]string, len(parts))
	for member, raw := range parts {
		lines := member == "street_address" || member == "formatted"
		if !lines && member != "locality" && member != "region" && member != "postal_code" && member != "country" {
			return nil, ErrAddressMember
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
	return json.Marshal(texts)
}

// checkText refuses the empty text, what is too long, and characters that a screen does not show as
// what they are: controls, and those that turn the direction of the text around them.
func checkText(s string, limit int, lines bool) error {
	switch {
	case strings.TrimSpace(s) == "":
		return ErrValueEmpty
	case utf8.RuneCountInString(s) > limit:
		return ErrValueTooLong
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

// checkForm checks the shape of a text by its type.
func checkForm(t Type, s string, now time.Time) error {
	switch t {
	case TypeDate:
		return checkDate(s, now)
	case TypeEmail:
		return unless(looksLikeEmail(s), ErrEmail)
	case TypePhone:
		return unless(looksLikePhone(s), ErrPhone)
	case TypeURL:
		return unless(looksLikeURL(s), ErrURL)
	case TypeLocale:
		return unless(looksLikeLocale(s), ErrLocale)
	case TypeZone:
		return unless(looksLikeZone(s), ErrZone)
	case TypeString:
		return nil
	case TypeBool, TypeNumber, TypeAddress:
		return ErrValueType // none of them is a text
	}
	return ErrValueType
}

func unless(ok bool, err error) error {
	if ok {
		return nil
	}
	return err
}

// checkDate wants a day of the calendar, in the century of somebody alive, and not after today.
func checkDate(s string, now time.Time) error {
	day, err := time.Parse(time.DateOnly, s)
	if err != nil || day.Year() < 1900 {
		return ErrDate
	}
	if s > now.Format(time.DateOnly) {
		return ErrDateFuture
	}
	return nil
}

// looksLikeEmail wants one part before the last @ and a domain with a dot behind it. Whether mail
// arrives there, only mail can tell.
func looksLikeEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || strings.ContainsAny(s, " \"(),:;<>[]\\") || strings.IndexByte(s, '@') != at {
		return false
	}
	local, domain := s[:at], s[at+1:]
	return local[0] != '.' && local[at-1] != '.' && !strings.Contains(local, "..") &&
		strings.Contains(domain, ".") && looksLikeHost(domain)
}

// looksLikeHost wants labels of letters, digits and inner hyphens; letters of any script.
func looksLikeHost(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
				return false
			}
		}
	}
	return true
}

// looksLikePhone wants 5 to 15 digits (E.164), a plus at most in front, and the usual separators.
func looksLikePhone(s string) bool {
	digits := 0
	for i := range len(s) {
		switch c := s[i]; {
		case isDigit(c):
			digits++
		case c == '+' && i == 0:
		case strings.IndexByte(" ()-./", c) < 0:
			return false
		}
	}
	return digits >= 5 && digits <= 15
}

// looksLikeURL wants http or https, a host with an optional port, no user name, and visible ASCII
// only, without what could end an attribute or begin a tag.
func looksLikeURL(s string) bool {
	rest, ok := strings.CutPrefix(s, "https://")
	if !ok {
		if rest, ok = strings.CutPrefix(s, "http://"); !ok {
			return false
		}
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || strings.IndexByte("\"'<>\\^`{|}", c) >= 0 {
			return false
		}
	}
	authority := rest
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority = rest[:end]
	}
	host, port, hasPort := strings.Cut(authority, ":")
	return looksLikeHost(host) && (!hasPort || looksLikePort(port))
}

func looksLikePort(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != "" && len(s) <= 5
}

// looksLikeLocale wants a language and further subtags of BCP 47 (RFC 5646), also with the
// underscores that OpenID Connect tolerates.
func looksLikeLocale(s string) bool {
	for i, tag := range strings.Split(strings.ReplaceAll(s, "_", "-"), "-") {
		if tag == "" || len(tag) > 8 || i == 0 && (len(tag) < 2 || len(tag) > 3) {
			return false
		}
		for j := range len(tag) {
			if !isLower(tag[j]|0x20) && (i == 0 || !isDigit(tag[j])) {
				return false
			}
		}
	}
	return true
}

// looksLikeZone wants the form of a name of the IANA time zone database.
func looksLikeZone(s string) bool {
	for part := range strings.SplitSeq(s, "/") {
		if part == "" {
			return false
		}
		for i := range len(part) {
			if c := part[i]; !isLower(c|0x20) && !isDigit(c) && c != '_' && c != '-' && c != '+' {
				return false
			}
		}
	}
	return true
}

func isLower(c byte) bool { return c >= 'a' && c <= 'z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
