package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// vaultView is the vault without its values.
type vaultView struct {
	Welcome  bool
	Sections []vaultSection
}

type vaultSection struct {
	Title      string
	Folded     bool
	Attributes []attributeView
	Rest       []attributeView // seldom used: they stand back while they are empty
}

// attributeView is one attribute: where it is typed, and who reads it. A full name that is set hides
// the parts it could be made of; whether one is set, only the agent knows.
type attributeView struct {
	Input   inputView
	InText  string // its name inside a sentence
	Readers []readersView
}

// readersView is who reads an attribute.
type readersView struct {
	Persona id.Persona // whose vendors these are; empty where nobody reads anything
	When    string     // "", or "set" or "unset": holds while there is a full name, or none
	Names   string     // those who see a change, as JSON
	List    string     // all of them, in words; empty for nobody
}

func (w *Web) vault(out http.ResponseWriter, r *http.Request) error {
	s, ok, err := w.customer(out, r)
	if !ok {
		return err
	}
	grants, err := w.inForce(r.Context(), s)
	if err != nil {
		return err
	}
	p := w.newPage(r, "vault")
	p.Section, p.Account = "vault", string(s.Account)
	view, err := p.vaultView(grants, w.o.Now())
	if err != nil {
		return err
	}
	view.Welcome = r.URL.Query().Has("welcome")
	p.View = view
	return w.render(out, http.StatusOK, p)
}

// inForce are the customer's grants that let something out.
func (w *Web) inForce(ctx context.Context, s identity.Session) ([]consent.Grant, error) {
	grants, err := w.o.Consent.Grants(ctx, s.Account)
	if err != nil {
		return nil, fmt.Errorf("list connections: %w", err)
	}
	return slices.DeleteFunc(grants, func(g consent.Grant) bool { return g.State != consent.Given }), nil
}

// vaultView lists what can be stored, with its readers.
func (l *locale) vaultView(grants []consent.Grant, now time.Time) (vaultView, error) {
	var view vaultView
	for _, s := range sections {
		section := vaultSection{Title: l.T("vault.section." + s.key), Folded: s.key == "work" || s.key == "more"}
		for _, name := range s.names {
			entry, err := vault.Lookup(name)
			if err != nil || !entry.Stored {
				continue
			}
			a, err := l.attributeView(entry, grants, now)
			if err != nil {
				return vaultView{}, err
			}
			if !section.Folded && !slices.Contains(mainNames, name) {
				section.Rest = append(section.Rest, a)
				continue
			}
			section.Attributes = append(section.Attributes, a)
		}
		view.Sections = append(view.Sections, section)
	}
	return view, nil
}

func (l *locale) attributeView(entry vault.Entry, grants []consent.Grant, now time.Time) (attributeView, error) {
	v := attributeView{Input: l.input(entry, now), InText: l.ClaimInText(entry.Name)}
	for _, persona := range personas(grants) {
		readers, err := l.personaReaders(entry.Name, persona, grants)
		if err != nil {
			return attributeView{}, err
		}
		v.Readers = append(v.Readers, readers...)
	}
	nobody, err := l.readers(entry.Name, nil, false)
	if err != nil {
		return attributeView{}, err
	}
	v.Readers = append(v.Readers, nobody)
	return v, nil
}

// personas are those that vendors know, in the order of the grants.
func personas(grants []consent.Grant) []id.Persona {
	var all []id.Persona
	for _, g := range grants {
		if !slices.Contains(all, g.Persona) {
			all = append(all, g.Persona)
		}
	}
	return all
}

// personaReaders says who reads an attribute of a persona: nothing, where that is nobody.
func (l *locale) personaReaders(attribute string, persona id.Persona, grants []consent.Grant) ([]readersView, error) {
	of := slices.DeleteFunc(slices.Clone(grants), func(g consent.Grant) bool { return g.Persona != persona })
	all, err := l.readers(attribute, of, false)
	if err != nil || all.List == "" {
		return nil, err
	}
	all.Persona = persona
	if !slices.Contains(nameParts(), attribute) {
		return []readersView{all}, nil
	}
	direct, err := l.readers(attribute, of, true)
	if direct.Persona = persona; err != nil || direct == all {
		return []readersView{all}, err
	}
	all.When, direct.When = "unset", "set"
	return []readersView{all, direct}, nil
}

// nameParts are the attributes that a full name is made of while none is set.
func nameParts() []string {
	entry, err := vault.Lookup("name")
	if err != nil {
		return nil
	}
	return entry.From
}

// readers lists the vendors with a grant that covers the attribute, or something that follows from
// it; named leaves those out that read it only as part of a full name.
func (l *locale) readers(attribute string, grants []consent.Grant, named bool) (readersView, error) {
	all, told := []string{}, []string{}
	add := func(list *[]string, who string) {
		if !slices.Contains(*list, who) {
			*list = append(*list, who)
		}
	}
	for _, g := range grants {
		through := readsThrough(g, attribute)
		if named {
			through = slices.DeleteFunc(through, func(claim string) bool { return claim == "name" })
		}
		if len(through) == 0 {
			continue
		}
		who := g.Party.Name
		if g.Continuous {
			add(&told, who)
		}
		if !slices.Contains(through, attribute) {
			who = l.T("vault.read-from", "vendor", who, "claims", l.Claims(through))
		}
		add(&all, who)
	}
	names, err := json.Marshal(told)
	if err != nil {
		return readersView{}, fmt.Errorf("readers of %s: %w", attribute, err)
	}
	return readersView{Names: string(names), List: l.List(all)}, nil
}

// readsThrough are the claims of a grant that show the attribute, or something of it.
func readsThrough(g consent.Grant, attribute string) []string {
	var through []string
	for _, c := range g.Claims {
		entry, err := vault.Lookup(c.Name)
		if err == nil && (c.Name == attribute || slices.Contains(entry.From, attribute) && !isVerified(entry)) {
			through = append(through, c.Name)
		}
	}
	return through
}

// isVerified are the claims that say only whether somebody checked a value.
func isVerified(e vault.Entry) bool { return e.Type == vault.TypeBool && e.Scope != "" }

// historyView lists the revisions of the vault that are kept.
type historyView struct{ Revisions []revisionView }

type revisionView struct {
	Number  uint64
	Saved   time.Time
	Current bool
}

func (w *Web) history(out http.ResponseWriter, r *http.Request) error {
	s, ok, err := w.customer(out, r)
	if !ok {
		return err
	}
	kept, err := w.o.Consent.Revisions(r.Context(), s.Account)
	if err != nil {
		return fmt.Errorf("list revisions: %w", err)
	}
	var view historyView
	for i, k := range kept {
		view.Revisions = append(view.Revisions, revisionView{Number: k.Revision, Saved: k.Saved, Current: i == 0})
	}
	p := w.newPage(r, "history")
	p.Section, p.Account, p.View = "vault", string(s.Account), view
	return w.render(out, http.StatusOK, p)
}
