package browser

import "testing"

// Rule 23: how often somebody is reminded is theirs to set, and yearly until they do. That a reminder
// comes when it is due, hold the tests with a turned clock in api/web.
func TestRule23_howOften_isSetOnTheAccountPage_andKept(t *testing.T) {
	t.Parallel()
	d := startDemo(t)
	a, p := newAlbum(t, d, german), erika()
	p.anAccount(a.tab)
	for _, pace := range []string{"yearly", "quarterly", "never"} {
		a.open(d.meins + "/account")
		a.page("account")
		if pace == "yearly" {
			if !a.holds("document.querySelector('#pace-yearly').checked") {
				t.Error("yearly is not what it is at first")
			}
			a.look("25-account-reminders")
		}
		a.click("#pace-" + pace)
		a.click("button[name=remind]")
		a.wait("document.querySelector('[data-form=reminder] [data-working]').textContent.startsWith('Gesichert')")
		a.open(d.meins + "/account")
		a.page("account")
		if !a.holds("document.querySelector('#pace-" + pace + "').checked") {
			t.Errorf("%s was not kept", pace)
		}
	}
}
