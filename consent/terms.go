package consent

import (
	"slices"

	"github.com/meins-id/meins/vault"
)

// Agreement is what came of the customer's own terms (IEEE 7012): those that the customer proffered,
// those that the vendor accepted at that time, and the one that is agreed since both name it. All by
// their full names, the best for the customer first.
//
// What the vendor accepts is part of the ask. What the customer proffers lies in the vault, and the
// outcome is worked out where the vault is: it comes with the approval, and must follow from both.
type Agreement struct {
	Proffered []string `json:"proffered,omitempty"`
	Accepted  []string `json:"accepted,omitempty"`
	Agreed    string   `json:"agreed,omitempty"`
}

// Declined says that the customer proffered terms, and that the vendor accepts none of them.
func (a Agreement) Declined() bool { return a.Agreed == "" && len(a.Proffered) > 0 }

// list is what was agreed, as a list.
func (a Agreement) list() []string {
	if a.Agreed == "" {
		return nil
	}
	return []string{a.Agreed}
}

// agreement is what the approval brings into force of the customer's terms.
func (a Approval) agreement() Agreement {
	return Agreement{Proffered: slices.Clone(a.Proffered), Accepted: a.Ask.Terms, Agreed: a.Agreed}
}

// checkTerms holds the outcome that the customer was shown to what it follows from.
func (a Approval) checkTerms() error {
	names, err := vault.TermsNames(a.Proffered)
	if err != nil || !slices.Equal(names, a.Proffered) || a.Agreed != vault.Agree(a.Proffered, a.Ask.Terms) {
		return ErrTerms
	}
	return nil
}
