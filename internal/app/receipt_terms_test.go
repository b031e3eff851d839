package app

import (
	"strings"
	"testing"

	"github.com/meins-id/meins/consent/receipt"
)

func TestTell_saysWhichTermsWereAgreed_orThatNoneWere(t *testing.T) {
	agreed := receipt.Term{ID: "SD-BASE", Version: "2.2", Address: "https://w3id.org/dpv/2.2/standards/p7012#SD-BASE"}
	for want, terms := range map[string]*receipt.Terms{
		"terms   SD-BASE, version 2.2: https://w3id.org/dpv/2.2/standards/p7012#SD-BASE\n": {Proffered: []receipt.Term{agreed}, Agreed: &agreed},
		"terms   the vendor accepted none that were proffered\n":                           {Proffered: []receipt.Term{agreed}},
		"": nil,
	} {
		var out strings.Builder
		signed := receipt.Signed{Document: receipt.Document{
			Parties: []receipt.Party{{Name: "Flowers"}}, Events: []receipt.Event{{}}, Processing: receipt.Processing{Terms: terms},
		}}
		if err := tell(&out, signed); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), want) || strings.Contains(out.String(), "terms") != (want != "") {
			t.Errorf("%q, want %q", out.String(), want)
		}
	}
}
