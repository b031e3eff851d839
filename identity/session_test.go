package identity_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/vault"
)

// keysUnder lists the keys in the store that begin with one of the words.
func (w *world) keysUnder(t testing.TB, words ...string) []string {
	t.Helper()
	var keys []string
	must(t, w.store.View(t.Context(), func(r store.Reader) error {
		for _, word := range words {
			items, err := r.Scan(word, "", 0)
			if err != nil {
				return err
			}
			for _, it := range items {
				keys = append(keys, it.Key)
			}
		}
		return nil
	}))
	return keys
}

func TestSession_isFoundAsItWasOpened(t *testing.T) {
	w := newWorld(t)
	_, opened := w.join(t, "ada")
	if diff := cmp.Diff(opened.Session, w.alive(t, opened)); diff != "" {
		t.Error(diff)
	}
	if !cmp.Equal(opened.Session.Methods, []string{"pwd"}) || opened.Session.UserAgent != "Firefox" {
		t.Errorf("methods %v, user agent %q", opened.Session.Methods, opened.Session.UserAgent)
	}
	if _, err := id.Parse[id.Session](string(opened.Session.ID)); err != nil {
		t.Errorf("session id %q: %v", opened.Session.ID, err)
	}
}

func TestSession_anyOtherToken_findsNothing(t *testing.T) {
	w := newWorld(t)
	_, opened := w.join(t, "ada")
	flipped, last := []byte(opened.Token), len(opened.Token)-1
	flipped[last-1] ^= 1
	// The last character carries two bits of the token and four that must be zero.
	respelled := opened.Token[:last] + string(rune(opened.Token[last])+1)
	stranger, _ := w.join(t, "eve")
	others := string(stranger.account[:10]) + opened.Token[10:]
	for _, token := range []string{
		"", "x", string(opened.Session.ID), opened.Token + "=", opened.Token + "A", opened.Token[1:], string(flipped), respelled, others,
		"/session/" + opened.Token[10:], strings.Repeat("A", len(opened.Token)), strings.Repeat("A", 1<<20),
	} {
		_, err := w.accounts.Session(t.Context(), token)
		is(t, err, identity.ErrNoSession)
	}
}

func TestSession_pastItsEnd_isGone(t *testing.T) {
	w := newWorld(t)
	p, opened := w.join(t, "ada")
	w.clock.Add(7*24*time.Hour - time.Second)
	w.alive(t, opened)
	w.clock.Add(time.Second)
	w.gone(t, opened)
	left, err := w.accounts.Sessions(t.Context(), p.account)
	must(t, err)
	if len(left) != 0 {
		t.Errorf("%d sessions are listed", len(left))
	}
}

func TestSessions_listWithoutShares(t *testing.T) {
	w := newWorld(t)
	p, first := w.join(t, "ada")
	w.clock.Add(time.Minute)
	second := w.login(t, p)
	w.join(t, "eve")
	list, err := w.accounts.Sessions(t.Context(), p.account)
	must(t, err)
	if len(list) != 2 || list[0].ID != second.Session.ID || list[1].ID != first.Session.ID {
		t.Fatalf("listed: %v", list)
	}
	for _, s := range list {
		if s.Share != nil {
			t.Error("a list of sessions gives a share away")
		}
	}
}

func TestLogout_endsThisSessionOnly(t *testing.T) {
	w := newWorld(t)
	p, first := w.join(t, "ada")
	second := w.login(t, p)
	must(t, w.accounts.Logout(t.Context(), first.Session.ID))
	must(t, w.accounts.Logout(t.Context(), first.Session.ID)) // twice is no mistake
	w.gone(t, first)
	w.alive(t, second)
}

func TestLogoutEverywhere_endsThisAccountsSessions_butTheExcepted(t *testing.T) {
	w := newWorld(t)
	p, keep := w.join(t, "ada")
	_, stranger := w.join(t, "eve")
	var others []identity.Opened
	for range 250 { // more than one page of the list
		others = append(others, w.login(t, p))
	}
	must(t, w.accounts.LogoutEverywhere(t.Context(), p.account, keep.Session.ID))
	for _, o := range others {
		w.gone(t, o)
	}
	w.alive(t, keep)
	must(t, w.accounts.LogoutEverywhere(t.Context(), p.account))
	w.gone(t, keep)
	w.alive(t, stranger)
	if left := w.keysUnder(t, "account/", "session/"); len(left) != 3 { // two accounts, and the stranger's session
		t.Errorf("left in the store: %v", left)
	}
}

func TestSessions_ofManyDays_areAllListed_andAllEnd(t *testing.T) {
	w := newWorld(t)
	p, first := w.join(t, "ada")
	began := []identity.Opened{first}
	for i := range 40 { // a session lasts a week
		w.clock.Add(3 * time.Hour)
		_, _ = w.join(t, fmt.Sprint("somebody else ", i))
		began = append(began, w.login(t, p))
	}
	list, err := w.accounts.Sessions(t.Context(), p.account)
	must(t, err)
	if len(list) != len(began) || list[0].ID != began[len(began)-1].Session.ID || list[len(list)-1].ID != first.Session.ID {
		t.Errorf("%d sessions are listed of %d", len(list), len(began))
	}
	must(t, w.accounts.LogoutEverywhere(t.Context(), p.account))
	for _, o := range began {
		w.gone(t, o)
	}
	if left := w.keysUnder(t, "session/"); len(left) != 40 {
		t.Errorf("%d of the others' sessions are left", len(left))
	}
}

// The agent draws the account's identifier, so that somebody can draw one that begins like another's.
func TestSessions_ofAnAccountThatIsNamedAlike_areItsOwn(t *testing.T) {
	w := newWorld(t)
	p, first := w.join(t, "ada")
	eve := newPerson("eve")
	eve.account = p.account[:10] + eve.account[10:]
	second, err := w.accounts.SignUp(t.Context(), eve.signUp(), home)
	must(t, err)
	for _, one := range []identity.Opened{first, second} {
		list, err := w.accounts.Sessions(t.Context(), one.Session.Account)
		must(t, err)
		if len(list) != 1 || list[0].ID != one.Session.ID {
			t.Errorf("listed: %v", list)
		}
	}
	must(t, w.accounts.LogoutEverywhere(t.Context(), eve.account))
	w.gone(t, second)
	w.alive(t, first)
}

func TestUserAgent_isCutToWhatCanBeShown(t *testing.T) {
	w := newWorld(t)
	p, _ := w.join(t, "ada")
	from := home
	from.UserAgent = "Fire\r\nfox\x1b[31m \xff" + strings.Repeat("ü", 1000)
	opened, err := w.accounts.Login(t.Context(), "ada", vault.SlotPassphrase, p.passphrase, from)
	must(t, err)
	got := w.alive(t, opened).UserAgent
	if !strings.HasPrefix(got, "Firefox[31m ü") || len(got) > 200 || strings.ContainsAny(got, "\r\n\x1b\ufffd") {
		t.Errorf("user agent %q", got)
	}
}
