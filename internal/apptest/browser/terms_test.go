package browser

import (
	"testing"
)

// terms is the box of terms on the page where they are chosen.
func terms(name string) string { return `[name=terms][value="` + name + `"]` }

// A customer proffers terms; one vendor accepts them, another does not, and both are said before
// anything is decided. What is unusual to ask is marked there too (rule 18).
func TestTerms_areChosen_agreedOrDeclined_andSaidBeforeTheDecision(t *testing.T) {
	t.Parallel()
	walkTerms(t, german, map[string]string{
		"usual": "Diese werden für Sie angeboten", "agreed": "Vereinbart: „Dienst und eigene Statistik“", "meaning": "kein Profil bilden",
		"declined": "nimmt keine Ihrer Bedingungen an („Nur der Dienst“ und „Dienst und eigene Statistik“)", "unusual": "Geschäfte fragen gewöhnlich nicht danach",
		"changed": "Von Ihren Bedingungen nicht mehr angenommen", "none": "Sie bieten keine Bedingungen an.",
	})
}

func TestTerms_inEnglishToo(t *testing.T) {
	t.Parallel()
	walkTerms(t, phone, map[string]string{
		"usual": "these are offered for you", "agreed": "Agreed: “Service and own statistics”", "meaning": "make a profile",
		"declined": "accepts none of your terms (“Service only” and “Service and own statistics”)", "unusual": "Shops do not usually ask for this",
		"changed": "No longer accepted of your terms", "none": "You offer no terms.",
	})
}

func walkTerms(t testing.TB, on device, said map[string]string) {
	t.Helper()
	d := startDemo(t)
	a, p := newAlbum(t, d, on), erika()
	statistics := d.vendorNamed("Versandhaus", "/mail", "--accept-terms", "SD-BASE-A", "--accept-terms", "SD-BASE-ATP", "--kind", "shop")
	none := d.vendorNamed("Kantine", "/kitchen")
	p.anAccount(a.tab)
	p.asPersonas(a.tab)
	a.seen.excuse(refusals(404)...)

	a.open(d.meins + "/vault/terms")
	a.page("terms")
	a.says("[data-follows]", said["usual"])
	if !a.holds("document.querySelectorAll('[name=terms]:checked').length === 1 && document.querySelector('" + terms("SD-BASE:2.2") + "').checked") {
		t.Error("the usual terms are not those that are ticked")
	}
	a.click(terms("SD-BASE-A:2.2"))
	a.click("button[name=save]")
	a.wait("document.querySelector('[data-follows]').textContent === '' && !document.querySelector('[data-form=terms]').dataset.busy")
	a.look("24-terms")

	const unusual = `{"userinfo":{"name":{"essential":true},"email":null,"birthdate":null,"iban":null}}`
	a.open(d.request(statistics, "/mail", "openid", unusual))
	a.page("consent")
	a.says("[data-terms]", said["agreed"])
	a.says(`[data-agreed="SD-BASE-A:2.2"]:not([hidden])`, said["meaning"])
	a.says(`[data-claim=iban] [data-unusual]`, said["unusual"])
	if a.holds("document.querySelector('[data-claim=email] [data-unusual]') !== null") {
		t.Error("what every vendor asks for is marked")
	}
	a.look("24-consent-terms-agreed")
	a.click(deciding("approve"))
	a.arrivesAt("/mail")

	_, err := meins(t.Context(), "vendor", "set", "--data", d.data, statistics, "--no-terms").Output()
	must(t, err)
	a.open(d.request(statistics, "/mail", "openid", unusual))
	a.page("consent")
	a.says("[data-notice=changes]", said["changed"])
	a.says("[data-terms]", said["declined"])
	a.look("24-consent-terms-gone")

	a.open(d.request(none, "/kitchen", "openid email", ""))
	a.page("consent")
	a.says("[data-terms]", said["declined"])
	a.look("24-consent-terms-declined")
	a.asks("terms", map[string]any{"terms": []string{}}, nil)
	a.open(d.request(none, "/kitchen", "openid email", ""))
	a.page("consent")
	a.says("[data-terms]", said["none"])
}
