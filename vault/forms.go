package vault

import (
	"slices"
	"strings"
	"time"
	"unicode"
)

// form checks the shape of a text by its type, and gives it in the one spelling that is stored.
func form(t Type, s string, options []string, now time.Time) (string, error) {
	switch t {
	case TypeDate:
		return s, checkDate(s, now)
	case TypeEmail:
		return s, unless(looksLikeEmail(s), ErrEmail)
	case TypePhone:
		return s, unless(looksLikePhone(s), ErrPhone)
	case TypeURL:
		return s, unless(looksLikeURL(s), ErrURL)
	case TypeLocale:
		return s, unless(looksLikeLocale(s), ErrLocale)
	case TypeZone:
		return s, unless(looksLikeZone(s), ErrZone)
	case TypeHours:
		return s, unless(looksLikeHours(s), ErrHours)
	case TypeChoice:
		return s, unless(slices.Contains(options, s), ErrChoice)
	case TypeCountry:
		_, three, ok := country(s)
		return three, unless(ok, ErrCountry)
	case TypeIBAN:
		return checkIBAN(s)
	case TypeVAT:
		return checkVAT(s)
	case TypeString:
		return s, nil
	case TypeBool, TypeNumber, TypeAddress, TypePlace, TypeList:
		return "", ErrValueType // none of them is a text
	}
	return "", ErrValueType
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

// looksLikeHours wants days and times as schema.org and OpenStreetMap write them: "Mo-Fr 09:00-17:00",
// "Sa,Su 10:00-12:00,14:00-16:00".
func looksLikeHours(s string) bool {
	days, times, ok := strings.Cut(s, " ")
	return ok && spans(days, func(day string) bool {
		return len(day) == 2 && strings.Contains("Mo Tu We Th Fr Sa Su", day)
	}, false) && spans(times, looksLikeTime, true)
}

// spans checks a list of parts, each alone or from-to; both says that none may stand alone.
func spans(list string, ok func(string) bool, both bool) bool {
	for part := range strings.SplitSeq(list, ",") {
		from, to, span := strings.Cut(part, "-")
		if !ok(from) || span && !ok(to) || both && !span {
			return false
		}
	}
	return true
}

func looksLikeTime(s string) bool {
	return len(s) == 5 && s[2] == ':' && isDigit(s[0]) && isDigit(s[1]) && isDigit(s[3]) && isDigit(s[4]) &&
		(s[:2] <= "23" && s[3] <= '5' || s == "24:00")
}

func isLower(c byte) bool { return c >= 'a' && c <= 'z' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
