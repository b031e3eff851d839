package browser

import (
	"net/http"
	"strings"
	"testing"
)

// reading is what the API answers to a program of the customer's own.
func (d *demo) reading(t testing.TB, token, path string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.meins+"/api/v1"+path, http.NoBody)
	must(t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	must(t, err)
	must(t, answer.Body.Close())
	return answer.StatusCode
}

// makesToken gives a program access on the account page, and takes what is shown.
func (p *person) makesToken(b *tab, name string, scopes ...string) (token string) {
	b.t.Helper()
	b.open(b.demo.meins + "/account")
	b.page("account")
	b.click("[data-fold=token] summary")
	b.fill("#token_name", name)
	for _, scope := range scopes {
		b.click(`label.check:has([value="` + scope + `"])`)
	}
	b.fill("#token_passphrase", p.passphrase)
	b.click("button[name=token-make]")
	b.wait("document.querySelector('[data-secret]').textContent !== ''")
	return b.text("[data-secret]")
}

func TestAccount_programOfOnesOwn_isGivenAccess_shownOnce_andEnded(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	b, p := visit(t, d, phone), erika()
	p.anAccount(b)
	b.open(d.meins + "/account")
	b.page("account")
	b.click("[data-fold=token] summary")
	if b.holds("document.querySelector('[name=token_scope]:checked')") {
		t.Error("something is ticked before the customer chose")
	}
	b.click("button[name=token-make]")
	b.says("#errors", "Please give the program a name.")
	b.says("#errors", "Tick at least one thing that it may do.")
	b.says("#errors", "Type your passphrase")

	// Whoever sits down at the open page gets none.
	b.fill("#token_name", "Haushaltsbuch")
	b.click(`label.check:has([value="read:grants"])`)
	b.fill("#token_passphrase", "not the passphrase at all")
	b.click("button[name=token-make]")
	b.wait("document.querySelector('#errors').innerText.includes('The passphrase is wrong.')")
	if b.holds("document.querySelector('[data-secret]').textContent !== ''") || b.value("#token_name") != "Haushaltsbuch" {
		t.Error("a wrong passphrase makes a token, or loses what was typed")
	}
	token := p.makesToken(b, "Haushaltsbuch", "read:grants")
	b.click("button[name=token-done]")
	b.again("document.querySelector('[data-token]')")
	b.says("[data-token]", "Haushaltsbuch See your connections: who may read what Made")
	b.says("[data-token]", "not used yet")
	if b.holds("document.documentElement.outerHTML.includes('" + token + "')") {
		t.Error("the token is shown a second time")
	}
	if may, not := d.reading(t, token, "/grants"), d.reading(t, token, "/receipts"); may != http.StatusOK || not != http.StatusForbidden {
		t.Errorf("with the token: %d, beyond it: %d", may, not)
	}
	b.do(reload())
	b.page("account")
	b.says("[data-token]", "last used")
	b.click("[data-token] button[name=token-end]")
	b.wait("!document.querySelector('[data-token] button')")
	b.says("[data-token]", "Ended. Haushaltsbuch has no access any more.")
	if status := d.reading(t, token, "/grants"); status != http.StatusUnauthorized {
		t.Errorf("ended, and answered %d", status)
	}
	if strings.Contains(b.keeps().raw, token) {
		t.Error("the browser keeps the token")
	}
}

func TestAccount_anotherPassphrase_endsThePrograms_unlessTheCustomerKeepsThem(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	b, p := visit(t, d, desktop), erika()
	p.anAccount(b)
	token := p.makesToken(b, "Haushaltsbuch", "read:grants", "withdraw")
	change := func(keeps bool, next, said string) {
		b.open(d.meins + "/account")
		b.page("account")
		b.click("[data-fold=passphrase] summary")
		b.fill("#current", p.passphrase)
		b.fill("#new_passphrase", next)
		if b.holds("document.querySelector('#keep_tokens').checked") {
			t.Error("the programs go on unless the customer says otherwise")
		}
		if keeps {
			b.click("label.check:has(#keep_tokens)")
		}
		b.click("button[name=change]")
		b.wait("document.querySelector('[data-form=passphrase] [data-working]').textContent.includes('is changed')")
		b.says("[data-form=passphrase] [data-working]", said)
		p.passphrase = next
	}
	change(true, "vier kleine boote auf blauem papier", "your programs go on")
	if status := d.reading(t, token, "/grants"); status != http.StatusOK {
		t.Errorf("kept, and answered %d", status)
	}
	change(false, "sieben alte schiffe am roten ufer", "programs of your own have no access any more")
	b.says("[data-token]", "ended")
	if status := d.reading(t, token, "/grants"); status != http.StatusUnauthorized {
		t.Errorf("the program outlives the passphrase: %d", status)
	}
}
