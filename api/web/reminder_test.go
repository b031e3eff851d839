package web

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
)

// pass turns the clock, and signs the customer in again.
func (s *site) pass(c someone, days int) someone {
	s.t.Helper()
	s.now = s.now.Add(time.Duration(days) * 24 * time.Hour)
	return renew(s, c)
}

// reminder is what the dashboard reminds of; empty when that is nothing.
func (s *site) reminder(c someone, options ...string) string {
	s.t.Helper()
	page := html.UnescapeString(s.as(c, "/connections", options...).body)
	if !strings.Contains(page, `data-list="`) {
		s.t.Fatal("no list of connections")
	}
	return regexp.MustCompile(`(?s)<section class="note reminder".*?</section>`).FindString(page)
}

func TestRule23_reminderComesOnceAYear_saysWhoMayStillReadWhat_andEndsWhenSeen(t *testing.T) {
	s := newSite(t)
	c := s.someone()
	read := s.approve(s.flow(s.flowers(named("Zoohandlung"))), c, "name", "email")
	idle := s.approve(s.flow(s.flowers(named("Weinhandlung"))), c, "name")
	gone := s.approve(s.flow(s.flowers(named("Abgelaufen"))), c, "name", "address")
	c = s.pass(c, 300)
	for _, g := range []consent.Grant{read, idle} {
		_, err := s.consent.Renew(t.Context(), c.session.Account, g.ID, s.now.Add(consent.MaxEnds))
		s.must(err)
	}
	_, err := s.consent.Permit(t.Context(), consent.Reading{Grant: read.ID, Client: read.Party.Client, Claims: []string{"email"}, Kind: consent.KindUserInfo})
	s.must(err)
	s.must(s.consent.Close(t.Context())) // reads are written together
	c = s.pass(c, 64)
	if found := s.reminder(c); found != "" {
		t.Errorf("before the year is over: %s", found)
	}
	c = s.pass(c, 1)
	for tag, says := range map[string][]string{
		"en": {"Who may still read what", "Zoohandlung", "e-mail address", "not read for long", "I have seen this", "Reminders"},
		"de": {"Wer noch was lesen darf", "Zoohandlung", "E-Mail-Adresse", "lange nicht gelesen", "Ich habe das gesehen", "Erinnerungen"},
	} {
		found := s.reminder(c, "Accept-Language", tag)
		mustContain(t, found, append(says, `name="seen"`, `href="/account#reminders"`)...)
		mustLack(t, found, "Abgelaufen", string(gone.ID))
		for grant, quiet := range map[string]bool{string(read.ID): false, string(idle.ID): true} {
			_, row, _ := strings.Cut(found, `data-reminded="`+grant+`"`)
			row, _, _ = strings.Cut(row, "</li>")
			if row == "" || strings.Contains(row, "data-idle") != quiet {
				t.Errorf("not read for long is not %v: %s", quiet, row)
			}
		}
	}
	next := regexp.MustCompile(`data-next="([^"]+)"`).FindStringSubmatch(s.reminder(c))
	shown, err := time.Parse(time.RFC3339Nano, next[1])
	s.must(err)
	_, err = s.consent.SeeReminder(t.Context(), c.session.Account, shown)
	s.must(err)
	c = s.pass(c, 1)
	if found := s.reminder(c); found != "" {
		t.Errorf("seen, and there again: %s", found)
	}
}

func TestRule23_howOften_isTheCustomersSetting_yearlyUnlessTheySayOtherwise(t *testing.T) {
	s := newSite(t)
	c := s.someone()
	s.approve(s.flow(s.flowers()), c, "name")
	chosen := func(pace string, options ...string) string {
		t.Helper()
		page := html.UnescapeString(s.as(c, "/account", options...).body)
		inThisOrder(t, page, `name="pace" value="yearly"`, `name="pace" value="quarterly"`, `name="pace" value="never"`)
		if found := regexp.MustCompile(`value="(\w+)" autocomplete="off" checked`).FindAllStringSubmatch(page, -1); len(found) != 1 || found[0][1] != pace {
			t.Errorf("%v are chosen, not %s", found, pace)
		}
		return page
	}
	mustContain(t, chosen("yearly"), "Once a year", "Every 90 days", "Never")
	mustContain(t, chosen("yearly", "Accept-Language", "de"), "Einmal im Jahr", "Alle 90 Tage", "Nie")
	c = s.pass(c, 91)
	if s.reminder(c) != "" {
		t.Error("reminded without having asked for it")
	}
	_, err := s.consent.SetPace(t.Context(), c.session.Account, consent.PaceQuarterly)
	s.must(err)
	chosen("quarterly")
	mustContain(t, s.reminder(c), "Blumen am Markt")
	_, err = s.consent.SetPace(t.Context(), c.session.Account, consent.PaceNever)
	s.must(err)
	chosen("never")
	if s.reminder(c) != "" {
		t.Error("reminded against their wish")
	}
}

func TestRule23_withoutAConnectionInForce_thereIsNoReminder(t *testing.T) {
	s := newSite(t)
	c := s.someone()
	s.approve(s.flow(s.flowers(func(v *identity.Vendor) { v.Name = "Einmal" })), c, "name")
	c = s.pass(c, 400) // by then it has expired
	if found := s.reminder(c); found != "" {
		t.Error(found)
	}
}
