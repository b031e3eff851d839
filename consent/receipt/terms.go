package receipt

import (
	"strings"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/vault"
)

// Terms is what came of the customer's own terms (IEEE 7012): who proffered and who accepted what, and
// what is agreed. The customer is the first party, the vendor the second.
type Terms struct {
	Proffered []Term `json:"proffered"`
	Accepted  []Term `json:"accepted"`
	Agreed    *Term  `json:"agreed"` // null: the vendor accepts none of them
}

// Term is one agreement of the roster.
type Term struct {
	ID      string `json:"agreement_id"`
	Version string `json:"version"`
	Address string `json:"uri,omitempty"` // none for what this program does not know any more
}

func terms(a consent.Agreement) *Terms {
	if len(a.Proffered)+len(a.Accepted) == 0 {
		return nil
	}
	t := &Terms{Proffered: termList(a.Proffered), Accepted: termList(a.Accepted)}
	if a.Agreed != "" {
		one := term(a.Agreed)
		t.Agreed = &one
	}
	return t
}

func termList(names []string) []Term {
	list := make([]Term, len(names))
	for i, name := range names {
		list[i] = term(name)
	}
	return list
}

func term(name string) Term {
	if t, err := vault.LookupTerms(name); err == nil {
		return Term{t.ID, t.Version, t.Address()}
	}
	identifier, version, _ := strings.Cut(name, ":")
	return Term{ID: identifier, Version: version}
}

// agreements are the terms that the customer proffered, as policies of the record, each with where it
// stands.
func agreements(t *Terms) []object {
	if t == nil {
		return nil
	}
	var all []object
	for _, one := range t.Proffered {
		status := "dpv:ContractOffered"
		switch {
		case t.Agreed == nil:
			status = "dpv:ContractRejected"
		case *t.Agreed == one:
			status = "dpv:ContractActive"
		}
		node := object{
			"@type": "p7012:" + one.ID, "dct:identifier": one.ID, "dct:hasVersion": one.Version,
			"dpv:hasContractStatus": object{"@id": status},
		}
		if one.Address != "" {
			node["@id"] = one.Address
		}
		all = append(all, node)
	}
	return all
}
