package web

import (
	"html"
	"strings"
	"testing"
)

// twoUses asks for an e-mail address for two purposes, and says the rest in detail.
const twoUses = `[
	{"type":"https://meins.id/consent","claims":[{"name":"email"}],"retention":"P6M","recipients":["DHL Paket GmbH"],"terms":["SD-BASE"],
	 "purpose":{"text":"To send the bill.","text#de":"Für die Rechnung."}},
	{"type":"https://meins.id/consent","claims":[{"name":"email"},{"name":"name"}],"retention":"P6M","purpose":{"iri":"https://w3id.org/dpv#Advertising"}}]`

func TestConsent_rule8_eachOfSeveralPurposes_isChosenOnItsOwn(t *testing.T) {
	s := newSite(t)
	page := html.UnescapeString(s.as(s.someone(), "/continue?flow="+s.flow(s.flowers(), "claims", "", "authorization_details", twoUses), "Accept-Language", "de").body)
	row := claimRow(t, page, "email")
	mustContain(t, row, "Für die Rechnung.", "Werbung")
	if n := strings.Count(row, `name="purpose"`); n != 2 || strings.Contains(row, "checked") {
		t.Errorf("%d purposes to choose, or one is chosen already", n)
	}
	if row := claimRow(t, page, "name"); strings.Contains(row, `name="purpose"`) || !strings.Contains(row, "Werbung") {
		t.Error("a single purpose is chosen with its claim")
	}
}

func TestConsent_rule10_12_recipientsAreNamed_andRetentionIsSaid(t *testing.T) {
	s := newSite(t)
	page := html.UnescapeString(s.as(s.someone(), "/continue?flow="+s.flow(s.flowers(), "claims", "", "authorization_details", twoUses)).body)
	mustContain(t, page, "and from there: DHL Paket GmbH", "The vendor says: 6 months.", "SD-BASE")
	if strings.Contains(page, "nobody else") {
		t.Error("the page says that nobody else gets it")
	}
}

// Rule 15: after a refusal the same request is not shown again unless the customer starts it.
func TestConsent_rule15_refusedRequest_isNotShownAgain(t *testing.T) {
	s := newSite(t)
	v, c := s.flowers(), s.someone()
	next := s.ask(s.flow(v), c)
	s.must(s.consent.Refuse(t.Context(), c.session.Account, next.Ask, next.Digest, "en"))
	page := html.UnescapeString(s.as(c, "/continue?flow="+s.flow(v)).body)
	mustContain(t, page, "You said no", "on 22 November 2026", `data-refused="back"`, "error=access_denied", `data-refused="look"`)
	if strings.Contains(page, `name="decision"`) {
		t.Error("it is put again")
	}
	mustContain(t, s.as(c, "/continue?look=1&flow="+s.flow(v)).body, `name="decision"`)
}
