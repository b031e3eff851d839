package vault

import (
	"slices"
	"strings"

	"github.com/meins-id/meins/internal/fault"
)

// ErrNoTerms says that no terms have this name.
var ErrNoTerms = fault.New(fault.Invalid, "terms-unknown", "no such terms: docs/terms.md lists those that are known")

// Terms are an agreement that customers proffer and vendors accept (IEEE 7012, "MyTerms"): whoever
// reads a customer's data under them is bound by them.
type Terms struct{ ID, Version string }

// TermsRoster is the release of the roster that bare identifiers mean. A new release comes beside the
// old one: whoever agreed to a version, agreed to that one.
const TermsRoster = "2.2"

// rosterAddress is where each release defines its terms.
const rosterAddress = "https://w3id.org/dpv/%s/standards/p7012#"

// DefaultTerms are proffered for who has chosen none: the strictest.
func DefaultTerms() []string { return []string{"SD-BASE:" + TermsRoster} }

// roster are the terms, those that are best for customers first: of several that both sides name, the
// first is agreed.
//
// Where it comes from: identifiers and definitions are those of the extension for IEEE P7012 of the
// Data Privacy Vocabulary 2.2 (W3C Data Privacy Vocabularies and Controls community group, a draft).
// Customer Commons, who keeps the roster of the standard, had published only two texts by autumn 2026,
// under earlier names; the text of IEEE 7012-2025 itself names none that could be cited freely. Left
// out are the agreements between two people (TPR): a vendor is none.
var roster = []Terms{
	{"SD-BASE", "2.2"},
	{"SD-BASE-DP", "2.2"},
	{"SD-BASE-A-DP", "2.2"},
	{"SD-BASE-A", "2.2"},
	{"SD-BASE-AT-DP", "2.2"},
	{"SD-BASE-AT", "2.2"},
	{"SD-BASE-ATP-DP", "2.2"},
	{"SD-BASE-ATP", "2.2"},
	{"SD-BASE-ATP-S3P-DP", "2.2"},
	{"SD-BASE-ATP-S3P", "2.2"},
	{"PDC-INTENT", "2.2"},
	{"PDC-GOOD", "2.2"},
	{"PDC-AI", "2.2"},
}

// saying is what pages call terms, and what they mean in a sentence.
type saying struct{ label, meaning text }

// text is the same in the languages of the pages.
type text struct{ en, de string }

// sayings are those of the roster. They stand apart from it so that the agent, which says none of them,
// does not carry them.
var sayings = map[string]saying{
	"SD-BASE:2.2": {
		text{"Service only", "Nur der Dienst"},
		text{
			"Your data serve what you asked for and nothing else: no analysis, no tracking, no profile, nothing passed on.",
			"Ihre Daten dienen nur dem, was Sie wollten: keine Auswertung, keine Verfolgung, kein Profil, keine Weitergabe.",
		},
	},
	"SD-BASE-DP:2.2": {
		text{"Service only, with a copy for you", "Nur der Dienst, mit Kopie für Sie"},
		text{
			"As with “service only”, and you get your data in a form that you can take elsewhere.",
			"Wie „nur der Dienst“, und Sie bekommen Ihre Daten in einer Form, die Sie woanders nutzen können.",
		},
	},
	"SD-BASE-A-DP:2.2": {
		text{"Service and own statistics, with a copy for you", "Dienst und eigene Statistik, mit Kopie für Sie"},
		text{
			"The vendor may analyse how its service is used, but not track you, make a profile or pass anything on; you get a copy.",
			"Der Anbieter darf die Nutzung auswerten, Sie aber nicht verfolgen, kein Profil bilden und nichts weitergeben; Sie bekommen eine Kopie.",
		},
	},
	"SD-BASE-A:2.2": {
		text{"Service and own statistics", "Dienst und eigene Statistik"},
		text{
			"The vendor may analyse how its service is used, but not track you, make a profile or pass anything on.",
			"Der Anbieter darf die Nutzung auswerten, Sie aber nicht verfolgen, kein Profil bilden und nichts weitergeben.",
		},
	},
	"SD-BASE-AT-DP:2.2": {
		text{"Service, statistics and tracking by the vendor, with a copy for you", "Dienst, Statistik und Verfolgung durch den Anbieter, mit Kopie für Sie"},
		text{
			"The vendor itself may analyse and track what you do with it, but make no profile and pass nothing on; you get a copy.",
			"Der Anbieter selbst darf auswerten und verfolgen, was Sie bei ihm tun, aber kein Profil bilden und nichts weitergeben; Sie bekommen eine Kopie.",
		},
	},
	"SD-BASE-AT:2.2": {
		text{"Service, statistics and tracking by the vendor", "Dienst, Statistik und Verfolgung durch den Anbieter"},
		text{
			"The vendor itself may analyse and track what you do with it, but make no profile and pass nothing on.",
			"Der Anbieter selbst darf auswerten und verfolgen, was Sie bei ihm tun, aber kein Profil bilden und nichts weitergeben.",
		},
	},
	"SD-BASE-ATP-DP:2.2": {
		text{"Service, statistics, tracking and a profile by the vendor, with a copy for you", "Dienst, Statistik, Verfolgung und Profil durch den Anbieter, mit Kopie für Sie"},
		text{
			"The vendor itself may analyse, track and make a profile of you, but pass nothing on; you get a copy.",
			"Der Anbieter selbst darf auswerten, verfolgen und ein Profil von Ihnen bilden, aber nichts weitergeben; Sie bekommen eine Kopie.",
		},
	},
	"SD-BASE-ATP:2.2": {
		text{"Service, statistics, tracking and a profile by the vendor", "Dienst, Statistik, Verfolgung und Profil durch den Anbieter"},
		text{
			"The vendor itself may analyse, track and make a profile of you, but pass nothing on.",
			"Der Anbieter selbst darf auswerten, verfolgen und ein Profil von Ihnen bilden, aber nichts weitergeben.",
		},
	},
	"SD-BASE-ATP-S3P-DP:2.2": {
		text{"Service, statistics, tracking, a profile, and anonymous data for others, with a copy for you", "Dienst, Statistik, Verfolgung, Profil und anonyme Daten für andere, mit Kopie für Sie"},
		text{
			"The vendor may analyse, track, make a profile, and pass on what is wholly anonymous; you get a copy.",
			"Der Anbieter darf auswerten, verfolgen, ein Profil bilden und vollständig Anonymes weitergeben; Sie bekommen eine Kopie.",
		},
	},
	"SD-BASE-ATP-S3P:2.2": {
		text{"Service, statistics, tracking, a profile, and anonymous data for others", "Dienst, Statistik, Verfolgung, Profil und anonyme Daten für andere"},
		text{
			"The vendor may analyse, track, make a profile, and pass on what is wholly anonymous.",
			"Der Anbieter darf auswerten, verfolgen, ein Profil bilden und vollständig Anonymes weitergeben.",
		},
	},
	"PDC-INTENT:2.2": {
		text{"Contribution: what you look for", "Beitrag: wonach Sie suchen"},
		text{
			"You give data so that vendors can answer a wish that you made known.",
			"Sie geben Daten, damit Anbieter auf einen Wunsch antworten können, den Sie bekannt gemacht haben.",
		},
	},
	"PDC-GOOD:2.2": {
		text{"Contribution: for the public good", "Beitrag: für das Gemeinwohl"},
		text{
			"You give data for the public good.",
			"Sie geben Daten für das Gemeinwohl.",
		},
	},
	"PDC-AI:2.2": {
		text{"Contribution: for training AI", "Beitrag: für das Training von KI"},
		text{
			"You give data for training and running artificial intelligence.",
			"Sie geben Daten für Training und Betrieb künstlicher Intelligenz.",
		},
	},
}

// Name is what terms are called wherever they are stored or sent: identifier and version.
func (t Terms) Name() string { return t.ID + ":" + t.Version }

// Label is what pages call the terms, in German or else in English. It is ours, and so is Meaning: what
// counts is the definition at the address.
func (t Terms) Label(language string) string { return sayings[t.Name()].label.in(language) }

// Meaning is one sentence about the terms.
func (t Terms) Meaning(language string) string { return sayings[t.Name()].meaning.in(language) }

func (s text) in(language string) string {
	if base, _, _ := strings.Cut(language, "-"); base == "de" {
		return s.de
	}
	return s.en
}

// Address is where the terms are defined.
func (t Terms) Address() string {
	return strings.Replace(rosterAddress, "%s", t.Version, 1) + t.ID
}

// Roster lists all terms, the best for customers first.
func Roster() []Terms { return slices.Clone(roster) }

// LookupTerms finds terms by identifier and version, or by the identifier alone, which means those of
// TermsRoster.
func LookupTerms(name string) (Terms, error) {
	if !strings.Contains(name, ":") {
		name += ":" + TermsRoster
	}
	i := rank(name)
	if i < 0 {
		return Terms{}, ErrNoTerms
	}
	return roster[i], nil
}

func rank(name string) int {
	return slices.IndexFunc(roster, func(t Terms) bool { return t.Name() == name })
}

// TermsNames gives terms their full names, in the order of the roster and each once. Terms that are
// not in the roster are ErrNoTerms: nobody agrees to what nobody here can show.
func TermsNames(names []string) ([]string, error) {
	full := make([]string, 0, len(names))
	for _, name := range names {
		t, err := LookupTerms(name)
		if err != nil {
			return nil, err
		}
		full = append(full, t.Name())
	}
	slices.SortFunc(full, func(a, b string) int { return rank(a) - rank(b) })
	return slices.Compact(full), nil
}

// CommonTerms are those of the first list that are in the second too.
func CommonTerms(one, other []string) []string {
	var common []string
	for _, name := range one {
		if slices.Contains(other, name) {
			common = append(common, name)
		}
	}
	return common
}

// Agree is the outcome: of the terms that a customer proffers and a vendor accepts, the best for the
// customer; empty when there are none. Both lists hold full names.
func Agree(proffered, accepted []string) string {
	for _, t := range roster {
		if name := t.Name(); slices.Contains(proffered, name) && slices.Contains(accepted, name) {
			return name
		}
	}
	return ""
}
