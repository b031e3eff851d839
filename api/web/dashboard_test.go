package web

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
)

// The rules of the dashboard, as far as the page alone can show them. Where a person acts they are held
// in Chromium: internal/apptest/browser.

// history is a customer with connections in every state.
func history(t *testing.T, s *site) (c someone, active, withdrawn, expired consent.Grant) {
	t.Helper()
	c = s.someone()
	expired = s.approve(s.flow(s.flowers(named("Abgelaufenes Abo"))), c, "name")
	s.now = s.now.Add(360 * 24 * time.Hour)
	withdrawn = s.approve(s.flow(s.flowers(named("Weinhandlung"))), c, "name", "address")
	active = s.approve(s.flow(s.flowers(named("Zoohandlung"))), c, "name", "email")
	s.now = s.now.Add(10 * 24 * time.Hour)
	_, err := s.consent.Withdraw(t.Context(), c.session.Account, withdrawn.ID)
	s.must(err)
	c = renew(s, c)
	next := s.ask(s.flow(s.flowers(named("Bücherei"))), c)
	s.must(s.consent.Refuse(t.Context(), c.session.Account, next.Ask, consent.Refusal{Digest: next.Digest, Locale: "en"}))
	return c, active, withdrawn, expired
}

func TestRule19_connections_standByState_withCounts_searchedAndSortedByAddress(t *testing.T) {
	s := newSite(t)
	c, active, withdrawn, expired := history(t, s)
	page := s.as(c, "/connections").body
	inThisOrder(t, page, `data-count="active">1<`, `data-count="expired">1<`, `data-count="withdrawn">1<`, `data-count="refused">1<`)
	inThisOrder(t, page, `data-list="active"`, string(active.ID), `data-list="expired"`, string(expired.ID), `data-list="withdrawn"`, string(withdrawn.ID), `data-list="refused"`, "Bücherei")
	inThisOrder(t, page, `<form class="tools" role="search" method="get" action="/connections">`, `name="find"`, `name="sort"`, "<noscript><button")
	found := s.as(c, "/connections?find="+url.QueryEscape("zoo MAIL")+"&sort=name").body
	inThisOrder(t, found, `value="zoo MAIL"`, `<option value="name" selected>`)
	for id, hidden := range map[string]bool{string(active.ID): false, string(withdrawn.ID): true} {
		row := regexp.MustCompile(`<li class="row"[^>]*` + id + `[^>]*>`).FindString(found)
		if row == "" || strings.HasSuffix(row, " hidden>") != hidden {
			t.Errorf("hidden is not %v: %s", hidden, row)
		}
	}
	if none := s.as(c, "/connections?find=zeppelin").body; !strings.Contains(none, `<p class="soft" data-none role="status">`) {
		t.Error("nothing says that nothing fits")
	}
	// From the start page: it leads to the list, and each connection is one click from there.
	if a := s.as(c, "/"); a.Header.Get("Location") != "/connections" {
		t.Errorf("the start page leads to %q", a.Header.Get("Location"))
	}
	mustContain(t, page, `href="/connections/`+string(active.ID)+`"`, `href="/receipts/`)
}

func TestRule19_whatVendorsLeftForLater_waitsFirst_saysWhoWhatWhyAndUntilWhen(t *testing.T) {
	s := newSite(t)
	c, v := s.someone(), s.flowers(named("Zoohandlung"))
	g := s.approve(s.flow(v), c, "name")
	later, err := s.provider.Ask(t.Context(), v.ID, parametersOf(v), g.ID, 0)
	s.must(err)
	for tag, words := range map[string][]string{
		"en": {"Waiting for your answer", "Nothing is handed over before", "Asks for your", "e-mail address", "To tell you when your flowers are on their way.", "can be answered until 6 December 2026", "Look and decide", "Refuse"},
		"de": {"Fragt nach:", "Um Ihnen zu sagen, wann Ihre Blumen unterwegs sind.", "zu beantworten bis 6. Dezember 2026", "Ansehen und entscheiden", "Ablehnen"},
	} {
		page := html.UnescapeString(s.as(c, "/connections", "Accept-Language", tag).body)
		inThisOrder(t, page, append([]string{`data-list="pending"`}, append(words, `data-list="active"`)...)...)
		mustContain(t, page, `data-request="`+string(later.ID)+`" data-digest="`+later.Ask.Digest()+`"`, `href="`+later.Link+`"`, `name="deny" value="`+string(later.ID)+`"`)
	}
	found := s.as(c, "/connections?find=zeppelin").body
	if row := regexp.MustCompile(`<li class="row"[^>]*data-request[^>]*>`).FindString(found); !strings.HasSuffix(row, " hidden>") {
		t.Errorf("what waits is not searched: %s", row)
	}
	if other := s.as(s.someone(), "/connections").body; strings.Contains(other, string(later.ID)) {
		t.Error("another customer sees it")
	}
	s.must(s.provider.DenyLater(t.Context(), c.session.Account, later.ID, consent.Refusal{Digest: later.Ask.Digest(), Locale: "en"}))
	after := s.as(c, "/connections").body
	if strings.Contains(after, string(later.ID)) || strings.Contains(after, `data-list="pending"`) {
		t.Error("refused, and it waits")
	}
	inThisOrder(t, after, `data-list="refused"`, "Zoohandlung")
}

func TestRule19_sort_ordersEachList(t *testing.T) {
	row := func(name string, given, ends int64) grantView {
		return grantView{Vendor: vendorView{Name: name}, State: "given", GivenSort: given, EndsSort: ends}
	}
	rows := []grantView{row("b", 1, 9), row("A", 3, 5), row("c", 2, 7)}
	for sort, want := range map[string]string{"given": "Acb", "name": "Abc", "ends": "Acb", "nonsense": "Acb", "read": "Acb"} {
		got := ""
		for _, r := range arranged(rows, "", sort).Groups[0].Rows {
			got += r.Vendor.Name
		}
		if sort != "read" && got != want {
			t.Errorf("by %s: %s", sort, got)
		}
	}
}

func TestRule20_connection_saysWhen_whatWasShown_whatWasDecided_andNoValue(t *testing.T) {
	s := newSite(t)
	c, v := s.someone(), s.flowers()
	g := s.approve(s.flow(v), c, "name", "email")
	s.now = s.now.Add(time.Hour)
	_, err := s.consent.Narrow(t.Context(), c.session.Account, g.ID, consent.Narrowing{Claims: []string{"email"}})
	s.must(err)
	page := html.UnescapeString(s.as(c, "/connections/"+string(g.ID)).body)
	inThisOrder(t, page, `datetime="2026-11-22T09:30:00Z"`, "The text that you were shown", `class="shown" lang="en"`, "Blumen am Markt", "data-history", "You took back your e-mail address", "You approved your full name and e-mail address")
	mustContain(t, page, `href="/receipts/1"`, `href="/receipts/2"`)
	if strings.Contains(page, "planted-value") {
		t.Error("the log holds a value")
	}
}

func TestRule21_withdrawing_isOneClick_saysWhatItMeans_andOffersDeletionUnticked(t *testing.T) {
	s := newSite(t)
	c, v := s.someone(), s.flowers()
	g := s.approve(s.flow(v), c, "name", "email")
	page := html.UnescapeString(s.as(c, "/connections/"+string(g.ID)).body)
	inThisOrder(t, page, `name="narrow" value="name"`, `name="narrow" value="email"`, `name="pause"`, `data-part="withdraw"`, "works at once", "cannot be pulled back", `name="erasure" value="yes">`, `name="withdraw"`)
	if regexp.MustCompile(`name="erasure"[^>]*checked`).MatchString(page) {
		t.Error("deletion is ticked")
	}
	_, err := s.consent.Withdraw(t.Context(), c.session.Account, g.ID)
	s.must(err)
	mustContain(t, s.as(c, "/connections/"+string(g.ID)).body, `name="ask-deletion"`)
	_, err = s.consent.AskErasure(t.Context(), c.session.Account, g.ID)
	s.must(err)
	asked := html.UnescapeString(s.as(c, "/connections/"+string(g.ID)).body)
	inThisOrder(t, asked, `data-erasure="requested"`, "An answer is due by 22 December 2026", "takes no messages from here", "Send it to hallo@blumen.example", `"exercise": "deletion"`)
	s.now = s.now.AddDate(0, 1, 0)
	c = renew(s, c)
	mustContain(t, html.UnescapeString(s.as(c, "/connections/"+string(g.ID)).body), `data-erasure="overdue"`, "has not answered")
	_, err = s.consent.AnswerErasure(t.Context(), c.session.Account, g.ID, consent.Denied)
	s.must(err)
	mustContain(t, html.UnescapeString(s.as(c, "/connections/"+string(g.ID)).body), `data-erasure="denied"`, "It has to tell you why")
}

func TestRule22_receipt_saysWho_why_what_howLong_andWhereToWithdraw(t *testing.T) {
	s := newSite(t)
	c, v := s.someone(), s.flowers()
	g := s.approve(s.flow(v), c, "name", "email")
	for tag, words := range map[string][]string{
		"en": {"Receipt no. 1", "Blumen am Markt (blumen.example)", "Full name", "To greet you", "22 November 2027", "Review and withdraw"},
		"de": {"Beleg Nr. 1", "Blumen am Markt (blumen.example)", "Um Sie zu begrüßen", "22. November 2027", "Nachsehen und widerrufen"},
	} {
		page := html.UnescapeString(s.as(c, "/receipts/1", "Accept-Language", tag).body)
		inThisOrder(t, page, words...)
		mustContain(t, page, "/connections/"+string(g.ID), `href="/api/v1/receipts/1" download`, "form=jsonld", "form=kantara", "SHA-256")
		if strings.Contains(page, "planted-value") {
			t.Error("the receipt holds a value")
		}
	}
	if a := s.as(s.someone(), "/receipts/1"); a.StatusCode != 404 {
		t.Errorf("somebody else's receipt: %d", a.StatusCode)
	}
	for _, wrong := range []string{"0", "2", "x", "18446744073709551616"} {
		if a := s.as(c, "/receipts/"+wrong); a.StatusCode != 404 {
			t.Errorf("receipt %s: %d", wrong, a.StatusCode)
		}
	}
}

// There are no reminders, so nobody is reminded more often than once a year; what would remind is the
// list itself, which says when each consent ends and was last read.
func TestRule23_nobodyIsReminded_theListSaysWhenItEnds(t *testing.T) {
	s := newSite(t)
	c, v := s.someone(), s.flowers()
	s.approve(s.flow(v), c, "name")
	mustContain(t, s.as(c, "/connections").body, "until 22 November 2027", "not read yet", `<option value="ends"`)
}

func TestRule24_everythingCanBeTakenAway_andThePageSaysWhoPutsItTogether(t *testing.T) {
	s := newSite(t)
	c, v := s.someone(), s.flowers()
	s.approve(s.flow(v), c, "name")
	page := s.as(c, "/export").body
	mustContain(t, page, `name="export"`, "Your browser puts it together", `href="/api/v1/receipts/archive" download`)
	mustContain(t, s.as(c, "/account").body, `href="/export"`)
	mustContain(t, s.as(c, "/connections").body, `href="/export"`)
}

func TestPictures_areDrawnFromNamesAndCounts_withATableBeside_andNoScript(t *testing.T) {
	s := newSite(t)
	c, active, _, _ := history(t, s)
	permit, err := s.consent.Permit(t.Context(), consent.Reading{Grant: active.ID, Client: active.Party.Client, Claims: []string{"email"}, Kind: consent.KindUserInfo})
	s.must(err)
	_ = permit
	s.must(s.consent.Close(t.Context())) // what is gathered is written
	page := html.UnescapeString(s.as(c, "/pictures").body)
	inThisOrder(t, page, `role="img" aria-labelledby="grid-title grid-desc"`, `<title id="grid-title">`, `<desc id="grid-desc">`, "Zoohandlung", `class="open"`, `class="past"`, "<table", "can read", "can no longer read")
	inThisOrder(t, page, `<title id="reads-title">`, `<desc id="reads-desc">One read.`, `class="dot"`, "<table")
	if svg := regexp.MustCompile(`(?s)<svg class="picture".*?</svg>`).FindAllString(page, -1); strings.Contains(strings.Join(svg, ""), "<script") || strings.Contains(page, "planted-value") {
		t.Error("a picture holds a script or a value")
	}
}

func TestConnection_underGlobalPrivacyControl_saysSo(t *testing.T) {
	s := newSite(t)
	c, v := s.someone(), s.flowers()
	g := s.approve(s.flow(v), c, "name")
	if page := s.as(c, "/connections/"+string(g.ID)).body; strings.Contains(page, "data-gpc") {
		t.Error("it is said where it was not")
	}
	g.GPC = true
	if view := s.web.agreed(t.Context(), s.web.locales["en"], g); !view.GPC {
		t.Error("it is not said where it was")
	}
}
