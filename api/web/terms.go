package web

import (
	"net/http"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/vault"
)

// termView is one of the agreements that customers proffer, in the page's language.
type termView struct {
	Name, ID, Version string
	Label, Meaning    string
	Address           string
}

func (l *locale) termView(name string) termView {
	t, err := vault.LookupTerms(name)
	if err != nil { // of a roster that this program does not know any more
		return termView{Name: name, ID: name, Label: name}
	}
	return termView{
		Name: t.Name(), ID: t.ID, Version: t.Version,
		Label: t.Label(l.Tag), Meaning: t.Meaning(l.Tag), Address: t.Address(),
	}
}

// agreementView is what came of the customer's terms.
type agreementView struct {
	Agreed    *termView
	Declined  bool
	Proffered string // in words
}

// Any says whether there is anything to tell.
func (v agreementView) Any() bool { return v.Agreed != nil || v.Declined }

func (l *locale) agreement(a consent.Agreement) agreementView {
	v := agreementView{Declined: a.Declined()}
	if a.Agreed != "" {
		one := l.termView(a.Agreed)
		v.Agreed = &one
	}
	v.Proffered = l.List(l.termLabels(a.Proffered))
	return v
}

// termLabels are agreements by what they are called.
func (l *locale) termLabels(names []string) []string {
	labels := make([]string, len(names))
	for i, name := range names {
		labels[i] = l.T("terms.quoted", "terms", l.termView(name).Label)
	}
	return labels
}

// roster are all agreements that can be proffered.
func (l *locale) roster() []termView {
	var all []termView
	for _, t := range vault.Roster() {
		all = append(all, l.termView(t.Name()))
	}
	return all
}

// termsView is what a customer chooses from. What is chosen lies in the vault, and the agent ticks it.
type termsView struct{ Roster []termView }

// terms is the page on which a customer chooses the terms to proffer.
func (w *Web) terms(out http.ResponseWriter, r *http.Request) error {
	s, ok, err := w.customer(out, r)
	if !ok {
		return err
	}
	p := w.newPage(r, "terms")
	p.Section, p.Account = "vault", string(s.Account)
	p.View = termsView{Roster: p.roster()}
	return w.render(out, http.StatusOK, p)
}
