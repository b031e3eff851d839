package consent_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/outbox"
	"github.com/meins-id/meins/internal/store"
)

var everything = []outbox.Kind{
	outbox.GrantGiven, outbox.GrantAmended, outbox.GrantWithdrawn, outbox.GrantExpired, outbox.ClaimsChanged, outbox.AccountPurged,
}

// listens lets a vendor hear everything.
func (r *room) listens(t *testing.T, client id.Client) {
	t.Helper()
	if err := r.store.Update(t.Context(), func(tx store.Tx) error { return outbox.Open(tx, client, everything) }); err != nil {
		t.Fatal(err)
	}
}

// heard is what the vendor is to be told, as "kind detail [claims]".
func (r *room) heard(t *testing.T, client id.Client) []outbox.Event {
	t.Helper()
	var events []outbox.Event
	if err := r.store.View(t.Context(), func(tx store.Reader) (err error) {
		events, err = outbox.Pending(tx, client, 0, 100)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return events
}

func kindsOf(events []outbox.Event) []string {
	kinds := []string{}
	for _, e := range events {
		kind := string(e.Kind)
		if e.Detail != "" {
			kind += " " + e.Detail
		}
		kinds = append(kinds, kind)
	}
	return kinds
}

func TestVendor_hearsOfEachChange_inOrder_andByNameOnly(t *testing.T) {
	r, c, ask := newRoom(t, consent.Gathered), newCustomer(), shop()
	client := ask.Party.Client
	r.listens(t, client)
	first, _ := r.approve(t, c, ask, "email", "name")
	if _, err := r.Narrow(t.Context(), c.account, first.ID, consent.Narrowing{Claims: []string{"name"}}); err != nil {
		t.Fatal(err)
	}
	second, _ := r.approve(t, c, ask, "email")
	for _, step := range []func() error{
		func() error { _, err := r.Pause(t.Context(), c.account, second.ID); return err },
		func() error { _, err := r.Resume(t.Context(), c.account, second.ID); return err },
		func() error { _, err := r.Withdraw(t.Context(), c.account, second.ID); return err },
		func() error { _, err := r.Withdraw(t.Context(), c.account, second.ID); return err },
		func() error {
			return r.Refuse(t.Context(), c.account, ask, consent.Refusal{Digest: ask.Digest(), Locale: "de"})
		},
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	events := r.heard(t, client)
	want := []string{
		"grant-given", "grant-amended narrowed", "grant-amended replaced", "grant-given",
		"grant-amended paused", "grant-amended resumed", "grant-withdrawn",
	}
	if got := kindsOf(events); !slices.Equal(got, want) {
		t.Errorf("heard %q", got)
	}
	for _, e := range events {
		if e.Account != c.account || e.Persona != c.persona || slices.Contains(e.Claims, "address") {
			t.Errorf("%+v", e)
		}
	}
	if got := events[1].Claims; !slices.Equal(got, []string{"email"}) {
		t.Errorf("narrowed to %v", got)
	}
	if r.count(t, marker) != 0 {
		t.Error("a value is in a key")
	}
}

func TestSaveVault_vendorHearsWhichClaimsAreNew(t *testing.T) {
	r, c, ask := newRoom(t, consent.Gathered), newCustomer(), shop()
	r.listens(t, ask.Party.Client)
	g, key := r.approve(t, c, ask, "email", "name")
	for i, changed := range [][]string{{"name", "not_its_own"}, nil} {
		revision := uint64(i + 2)
		err := r.SaveVault(t.Context(), c.account, consent.Save{Revision: uint64(i + 1), Document: []byte("sealed"), Capsules: []consent.Resealed{
			{Grant: g.ID, Revision: revision, Capsule: c.sealed(t, key, g.ID, revision, "email", "name"), Changed: changed},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	events := r.heard(t, ask.Party.Client)
	if got := kindsOf(events); !slices.Equal(got, []string{"grant-given", "claims-changed", "claims-changed"}) {
		t.Fatalf("heard %q", got)
	}
	if !slices.Equal(events[1].Claims, []string{"name"}) || !slices.Equal(events[2].Claims, []string{"email", "name"}) {
		t.Errorf("changed: %v, then %v", events[1].Claims, events[2].Claims)
	}
}

func TestSaveVault_thatIsRefused_tellsNobody(t *testing.T) {
	r, c, ask := newRoom(t, consent.Gathered), newCustomer(), shop()
	r.listens(t, ask.Party.Client)
	g, key := r.approve(t, c, ask, "email")
	err := r.SaveVault(t.Context(), c.account, consent.Save{Revision: 1, Document: []byte("sealed"), Capsules: []consent.Resealed{
		{Grant: g.ID, Revision: 2, Capsule: c.sealed(t, key, g.ID, 2, "email")},
		{Grant: g.ID, Revision: 9, Capsule: c.sealed(t, key, g.ID, 9, "email")},
	}})
	if !errors.Is(err, consent.ErrStaleRevision) {
		t.Fatal(err)
	}
	if got := kindsOf(r.heard(t, ask.Party.Client)); !slices.Equal(got, []string{"grant-given"}) {
		t.Errorf("heard %q", got)
	}
}

func TestExpire_writesDownWhatTheClockEnded_once(t *testing.T) {
	r, c, ask := newRoom(t, consent.Gathered), newCustomer(), shop()
	r.listens(t, ask.Party.Client)
	g, _ := r.approve(t, c, ask, "email")
	renewed, _ := r.approve(t, newCustomer(), ask, "email")
	if _, err := r.Renew(t.Context(), renewed.Account, renewed.ID, r.clock.Now().Add(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	withdrawn, _ := r.approve(t, newCustomer(), ask, "email")
	if _, err := r.Withdraw(t.Context(), withdrawn.Account, withdrawn.ID); err != nil {
		t.Fatal(err)
	}
	expire := func() {
		t.Helper()
		if _, err := r.Expire(t.Context(), 1000); err != nil {
			t.Fatal(err)
		}
	}
	expire()
	r.clock.Advance(24*time.Hour - time.Second)
	expire()
	if n := len(r.heard(t, ask.Party.Client)); n != 5 {
		t.Fatalf("heard %q before anything ended", kindsOf(r.heard(t, ask.Party.Client)))
	}
	r.clock.Advance(time.Second)
	for _, ends := range []id.Grant{renewed.ID, g.ID} {
		expire()
		expire()
		events := r.heard(t, ask.Party.Client)
		if last := events[len(events)-1]; last.Kind != outbox.GrantExpired || last.Grant != ends || slices.ContainsFunc(events[:len(events)-1], func(e outbox.Event) bool { return e.Kind == outbox.GrantExpired }) {
			t.Fatalf("heard %q, the last of %s", kindsOf(events), last.Grant)
		}
		r.clock.Advance(consent.MaxEnds) // the vendor did not listen for so long that earlier events are gone
	}
	receipts, _, err := r.Receipts(t.Context(), c.account, "", 10)
	if err != nil || len(receipts) != 2 || receipts[0].Event != consent.EventExpired || receipts[0].State != "expired" {
		t.Errorf("%+v %v", receipts, err)
	}
	if n := r.count(t, "consent/ends/"); n != 0 {
		t.Errorf("%d marks are left", n)
	}
	if got, err := r.Grant(t.Context(), c.account, g.ID); err != nil || got.State != consent.Expired {
		t.Errorf("%v %v", got.State, err)
	}
}

func TestForget_tellsWhoMayStillRead_andForgetsWhatWasTold(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	still, over := shop(), askOf(id.New[id.Client](), "name")
	r.listens(t, still.Party.Client)
	r.listens(t, over.Party.Client)
	g, _ := r.approve(t, c, still, "email")
	ended, _ := r.approve(t, c, over, "name")
	if _, err := r.Withdraw(t.Context(), c.account, ended.ID); err != nil {
		t.Fatal(err)
	}
	told, _, err := r.Told(t.Context(), c.account, g.ID, "", 0)
	if err != nil || len(told) != 1 || told[0].Kind != outbox.GrantGiven {
		t.Errorf("%+v %v", told, err)
	}
	if _, _, err := r.Told(t.Context(), newCustomer().account, g.ID, "", 0); !errors.Is(err, consent.ErrNoGrant) {
		t.Errorf("another account sees it: %v", err)
	}
	if err := r.Forget(t.Context(), c.account); err != nil {
		t.Fatal(err)
	}
	if got := kindsOf(r.heard(t, still.Party.Client)); !slices.Equal(got, []string{"grant-given", "account-purged"}) {
		t.Errorf("heard %q", got)
	}
	if got := kindsOf(r.heard(t, over.Party.Client)); !slices.Equal(got, []string{"grant-given", "grant-withdrawn"}) {
		t.Errorf("heard %q", got)
	}
	if n := r.count(t, "outbox/told/"); n != 0 {
		t.Errorf("%d notes are left", n)
	}
}

func TestReceipt_byItsNumber_isTheAccountsOwn(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	g, _ := r.approve(t, c, shop(), "email")
	got, err := r.Receipt(t.Context(), c.account, 1)
	if err != nil || got.Grant != g.ID || got.Seq != 1 {
		t.Errorf("%+v %v", got, err)
	}
	for _, seq := range []uint64{0, 2, 1 << 63, ^uint64(0)} {
		if _, err := r.Receipt(t.Context(), c.account, seq); !errors.Is(err, consent.ErrNoReceipt) {
			t.Errorf("%d: %v", seq, err)
		}
	}
	if _, err := r.Receipt(t.Context(), newCustomer().account, 1); !errors.Is(err, consent.ErrNoReceipt) {
		t.Errorf("another account: %v", err)
	}
}

func TestTold_moreThanAPage_isReadToItsEnd_theNewestFirst(t *testing.T) {
	r, c, ask := newRoom(t, consent.Gathered), newCustomer(), shop()
	r.listens(t, ask.Party.Client)
	g, _ := r.approve(t, c, ask, "email")
	for range 5 {
		r.clock.Advance(time.Minute)
		if _, err := r.Pause(t.Context(), c.account, g.ID); err != nil {
			t.Fatal(err)
		}
		r.clock.Advance(time.Minute)
		if _, err := r.Resume(t.Context(), c.account, g.ID); err != nil {
			t.Fatal(err)
		}
	}
	var all []outbox.Told
	for before := ""; ; {
		some, next, err := r.Told(t.Context(), c.account, g.ID, before, 4)
		if err != nil || len(some) > 4 {
			t.Fatalf("%d, %v", len(some), err)
		}
		all = append(all, some...)
		if before = next; next == "" {
			break
		}
	}
	if len(all) != 11 || all[10].Kind != outbox.GrantGiven || !slices.IsSortedFunc(all, func(a, b outbox.Told) int { return b.Time.Compare(a.Time) }) {
		t.Errorf("%d events: %+v", len(all), all)
	}
	if _, _, err := r.Told(t.Context(), c.account, g.ID, "nowhere", 4); !errors.Is(err, consent.ErrCursor) {
		t.Errorf("from nowhere: %v", err)
	}
}
