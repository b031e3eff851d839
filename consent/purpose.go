package consent

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of what comes with a purpose.
const (
	maxIRI       = 300
	maxLanguages = 20
)

// Purpose is one use of a claim: a concept of the Data Privacy Vocabulary, or of any other, and the
// vendor's own sentence. One of the two is there. Purposes are values: what was approved stays what
// it was, whatever the vendor calls it later.
type Purpose struct {
	ID    string            `json:"id"` // of IRI and Text; by it a purpose is chosen, declined and withdrawn
	IRI   string            `json:"iri,omitempty"`
	Text  string            `json:"text,omitempty"`
	Local map[string]string `json:"local,omitempty"` // Text in other languages, by their tags
}

// NewPurpose makes a purpose and its name.
func NewPurpose(iri, text string, local map[string]string) Purpose {
	sum := sha256.Sum256(appendText(appendText([]byte("meins/1/purpose"), iri), text))
	return Purpose{ID: base64.RawURLEncoding.EncodeToString(sum[:9]), IRI: iri, Text: text, Local: local}
}

// In is the purpose in a language: the vendor's words in it, the vendor's words, the vocabulary's
// label, or the bare address of a concept that nobody here knows.
func (p Purpose) In(language string) string {
	if text := p.Local[language]; text != "" {
		return text
	}
	if p.Text != "" {
		return p.Text
	}
	if label := Label(p.IRI, language); label != "" {
		return label
	}
	return p.IRI
}

// check says whether the purpose can stand on the screen as it is.
func (p Purpose) check() error {
	switch {
	case p.IRI == "" && p.Text == "", len(p.Local) > 0 && p.Text == "",
		p.IRI != "" && !isIRI(p.IRI), p.Text != "" && !showable(p.Text), len(p.Local) > maxLanguages:
		return ErrPurpose
	}
	for tag, text := range p.Local {
		if !isLanguage(tag) || !showable(text) {
			return ErrPurpose
		}
	}
	return nil
}

// isIRI admits the address of a concept, which may be shown and is never followed.
func isIRI(s string) bool {
	if len(s) > maxIRI || !utf8.ValidString(s) || !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "urn:") {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r > 0x7e || strings.ContainsRune(`<>"{}|\^`+"`", r) })
}

// isLanguage admits what has the form of a tag of BCP 47.
func isLanguage(tag string) bool {
	return len(tag) >= 2 && len(tag) <= maxLocale && !strings.ContainsFunc(tag, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
}

// registered makes a purpose of what a vendor registered for a claim or a scope, with its
// translations ("email#de"). A registered address stands for the concept.
func registered(purposes map[string]string, name string) (Purpose, bool) {
	text := purposes[name]
	switch {
	case text == "":
		return Purpose{}, false
	case isIRI(text):
		return NewPurpose(text, "", nil), true
	}
	var local map[string]string
	for key, translated := range purposes {
		if tag, ok := strings.CutPrefix(key, name+"#"); ok && translated != "" {
			local = with(local, tag, translated)
		}
	}
	return NewPurpose("", text, local), true
}

func with(m map[string]string, key, value string) map[string]string {
	if m == nil {
		m = map[string]string{}
	}
	m[key] = value
	return m
}

// join adds purposes to a list in which each name stands once, in order of the names.
func join(list []Purpose, more ...Purpose) []Purpose {
	for _, p := range more {
		i, known := slices.BinarySearchFunc(list, p.ID, func(p Purpose, id string) int { return strings.Compare(p.ID, id) })
		if !known {
			list = slices.Insert(list, i, p)
		}
	}
	return list
}

// without leaves out the purposes with these names.
func without(list []Purpose, ids []string) []Purpose {
	return slices.DeleteFunc(slices.Clone(list), func(p Purpose) bool { return slices.Contains(ids, p.ID) })
}

// purposeIDs are the names of purposes.
func purposeIDs(list []Purpose) []string {
	ids := make([]string, len(list))
	for i, p := range list {
		ids[i] = p.ID
	}
	return ids
}

// appendPurposes writes purposes for the digest, with every translation: what is shown in German is
// what is approved.
func appendPurposes(b []byte, list []Purpose) []byte {
	b = appendCount(b, len(list))
	for _, p := range list {
		b = appendText(appendText(appendText(b, p.ID), p.IRI), p.Text)
		b = appendCount(b, len(p.Local))
		for _, tag := range slices.Sorted(maps.Keys(p.Local)) {
			b = appendText(appendText(b, tag), p.Local[tag])
		}
	}
	return b
}
