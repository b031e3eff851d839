package consent

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/meins-id/meins/vault"
)

// maxNotice is the longest text of a notice that is kept, in bytes.
const maxNotice = 32 << 10

// wording is what a notice says in one language.
type wording struct {
	verified, unverified       string
	asks, nothing              string
	required, optional         string
	recipients, nobody         string
	kept, unknown              string
	follows, fixed, once, away string
	until, terms, withdraw     string
	direct, endToEnd           string
}

var wordings = map[string]wording{
	"en": {
		verified: "verified", unverified: "not verified",
		asks: "asks for:", nothing: "asks for nothing but the login.",
		required: "required", optional: "optional",
		recipients: "Who else receives it: ", nobody: "nobody",
		kept: "Kept for: ", unknown: "the vendor does not say",
		follows: "What you change later is passed on.", fixed: "The values stay as they are now.",
		once: "It is read once, and then it is over.", away: "Also while you are not there.",
		direct:   "At the moment of reading, the operator of this service could see it too.",
		endToEnd: "It is encrypted for the vendor: even the operator of this service cannot read it.",
		until:    "Until: ", terms: "Terms of customers that the vendor accepts: ",
		withdraw: "You can withdraw at any time. What was read before cannot be pulled back.",
	},
	"de": {
		verified: "bestätigt", unverified: "nicht bestätigt",
		asks: "fragt nach:", nothing: "fragt nach nichts außer der Anmeldung.",
		required: "nötig", optional: "freiwillig",
		recipients: "Wer es außerdem bekommt: ", nobody: "niemand",
		kept: "Aufbewahrt für: ", unknown: "sagt der Anbieter nicht",
		follows: "Was Sie später ändern, wird weitergegeben.", fixed: "Die Werte bleiben, wie sie jetzt sind.",
		once: "Es wird einmal gelesen, dann ist es vorbei.", away: "Auch während Sie nicht da sind.",
		direct:   "Im Augenblick des Lesens könnte es auch der Betreiber dieses Dienstes sehen.",
		endToEnd: "Es ist für den Anbieter verschlüsselt: Auch der Betreiber dieses Dienstes kann es nicht lesen.",
		until:    "Bis: ", terms: "Bedingungen von Kunden, die der Anbieter annimmt: ",
		withdraw: "Sie können jederzeit widerrufen. Was vorher gelesen wurde, lässt sich nicht zurückholen.",
	},
}

// NoticeText is an ask in words, in German or else in English: what a receipt keeps as the text that
// was shown, where a surface does not hand over its own. It holds no value.
func NoticeText(ask Ask, language string, now time.Time) string {
	base, _, _ := strings.Cut(language, "-")
	w, ok := wordings[base]
	if !ok {
		base, w = "en", wordings["en"]
	}
	lines := []string{w.who(ask)}
	for _, c := range ask.Claims {
		lines = append(lines, w.claim(c, base))
	}
	lines = append(lines,
		w.recipients+orElse(strings.Join(ask.Recipients, ", "), w.nobody),
		w.kept+orElse(ask.Retention, w.unknown),
		w.use(ask),
		w.until+stamp(now).Add(ask.Ends).Format(time.DateOnly))
	if len(ask.Claims) > 0 {
		lines = append(lines, w.way(ask.Party))
	}
	if len(ask.Terms) > 0 {
		lines = append(lines, w.terms+strings.Join(w.labels(ask.Terms, base), ", "))
	}
	return strings.Join(append(lines, w.withdraw), "\n")
}

func (w wording) who(ask Ask) string {
	known, asks := w.unverified, w.asks
	if ask.Party.Verified {
		known = w.verified
	}
	if len(ask.Claims) == 0 {
		asks = w.nothing
	}
	return ask.Party.Name + " (" + ask.Party.Domain + ", " + known + ") " + asks
}

func (w wording) claim(c Claim, language string) string {
	need := w.optional
	if c.Required {
		need = w.required
	}
	said := make([]string, len(c.Purposes))
	for i, p := range c.Purposes {
		said[i] = p.In(language)
	}
	line := "- " + c.Name + " (" + need + ")"
	if len(said) > 0 {
		line += ": " + strings.Join(said, " / ")
	}
	return line
}

func (w wording) use(ask Ask) string {
	use := w.fixed
	switch {
	case ask.Once:
		use = w.once
	case ask.Continuous:
		use = w.follows
	}
	if ask.Offline {
		use += " " + w.away
	}
	return use
}

// labels call terms what pages call them, with their names.
func (w wording) labels(terms []string, language string) []string {
	said := make([]string, len(terms))
	for i, name := range terms {
		said[i] = name
		if t, err := vault.LookupTerms(name); err == nil {
			said[i] = t.Label(language) + " (" + name + ")"
		}
	}
	return said
}

func (w wording) way(p Party) string {
	if p.EndToEnd() {
		return w.endToEnd
	}
	return w.direct
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// keepable says that a text which a surface hands over can be shown again as it is.
func keepable(text string) bool {
	return len(text) <= maxNotice && utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control) || r == '\uFEFF')
	})
}
