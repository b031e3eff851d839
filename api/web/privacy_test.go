package web

import (
	"html"
	"strings"
	"testing"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
)

func TestConsent_gpc_isSaid_withWhatItDoesHere_andOnlyWhereTheBrowserSentIt(t *testing.T) {
	s := newSite(t)
	c, v := s.someone(), s.flowers()
	flow := "/continue?flow=" + s.flow(v)
	for tag, words := range map[string]string{"en": "neither sold nor shared. That is recorded with your decision, and Blumen am Markt", "de": "weder verkauft noch weitergegeben werden. Das wird mit Ihrer Entscheidung festgehalten"} {
		page := html.UnescapeString(s.as(c, flow, "Accept-Language", tag, "Sec-GPC", "1").body)
		inThisOrder(t, page, `data-fact="gpc"`, "Global Privacy Control", words)
	}
	for _, other := range []string{"0", "", "true"} {
		if strings.Contains(s.as(c, flow, "Sec-GPC", other).body, `data-fact="gpc"`) {
			t.Errorf("said for Sec-GPC %q", other)
		}
	}
	details := `[{"type":"https://meins.id/consent","claims":[{"name":"email"}],"recipients":["DHL Paket GmbH"],"purpose":{"text":"To deliver."}}]`
	page := html.UnescapeString(s.as(c, "/continue?flow="+s.flow(v, "authorization_details", details), "Sec-GPC", "1").body)
	inThisOrder(t, page, `data-fact="gpc"`, "wants to pass it on to DHL Paket GmbH", "may do that all the same")
}

func TestReceipt_ofARefusal_saysThatTheBrowserSentGPC(t *testing.T) {
	s := newSite(t)
	c := s.someone()
	for i, gpc := range []bool{true, false} {
		next := s.ask(s.flow(s.flowers()), c)
		s.must(s.consent.Refuse(t.Context(), c.session.Account, next.Ask, consent.Refusal{Digest: next.Digest, Locale: "en", GPC: gpc}))
		if page := s.as(c, receiptLink(uint64(i+1))).body; strings.Contains(page, "data-gpc") != gpc {
			t.Errorf("the receipt of a refusal with GPC %v says otherwise", gpc)
		}
	}
}

func TestConsent_publicName_isSaid_andAPairwiseOneIsNot(t *testing.T) {
	s := newSite(t)
	c := s.someone()
	public := s.flowers(func(v *identity.Vendor) { v.SubjectType = identity.SubjectPublic })
	for tag, words := range map[string]string{"en": "under a name that other vendors know too", "de": "unter einem Namen, den auch andere Anbieter kennen"} {
		inThisOrder(t, html.UnescapeString(s.as(c, "/continue?flow="+s.flow(public), "Accept-Language", tag).body), `data-fact="known"`, words)
	}
	if strings.Contains(s.as(c, "/continue?flow="+s.flow(s.flowers())).body, `data-fact="known"`) {
		t.Error("a name of its own is said to be known to others")
	}
}
