package consent_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/vault"
)

func TestApprove_storesWhatWasReviewed(t *testing.T) {
	r, c, ask := newRoom(t, consent.Gathered), newCustomer(), shop()
	given, _ := r.approve(t, c, ask, "email", "name")
	got, err := r.Grant(t.Context(), c.account, given.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(given, got); diff != "" {
		t.Errorf("returned and stored differ: %s", diff)
	}
	if !slices.Equal(got.Declined, []string{"address"}) || len(got.Claims) != 2 || got.Claims[0].Purposes[0].Text != "to confirm your order" {
		t.Errorf("approved %+v, declined %v", got.Claims, got.Declined)
	}
	now := r.clock.Now()
	if got.State != consent.Given || !got.Given.Equal(now) || !got.Ends.Equal(now.Add(consent.MaxEnds)) ||
		got.Revision != 1 || got.Mode != consent.ModeDirect || got.Digest != ask.Digest() || got.Locale != "de" || got.Party != ask.Party {
		t.Errorf("%+v", got)
	}
}

func TestApprove_allOptionalDeclined_succeeds(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	ask := askOf(id.New[id.Client](), "email", "name")
	g, _ := r.approve(t, c, ask)
	if len(g.Claims) != 0 || len(g.Declined) != 2 || g.State != consent.Given {
		t.Errorf("%+v", g)
	}
}

func TestApprove_wrong_isRefused_andNothingIsStored(t *testing.T) {
	for name, wrong := range map[string]struct {
		change func(*consent.Approval)
		want   error
	}{
		"stale digest":      {func(a *consent.Approval) { a.Digest = shop().Digest() }, consent.ErrStaleReview},
		"no digest":         {func(a *consent.Approval) { a.Digest = "" }, consent.ErrStaleReview},
		"renamed vendor":    {func(a *consent.Approval) { a.Ask.Party.Name = "Flowers2" }, consent.ErrStaleReview},
		"another purpose":   {func(a *consent.Approval) { a.Ask.Claims[0].Purposes = []consent.Purpose{advertising} }, consent.ErrStaleReview},
		"claim not asked":   {func(a *consent.Approval) { a.Choices = a.Ask.Choose("email", "phone_number") }, consent.ErrNotAsked},
		"claim in capitals": {func(a *consent.Approval) { a.Choices = a.Ask.Choose("email", "NAME") }, consent.ErrNotAsked},
		"required missing":  {func(a *consent.Approval) { a.Choices = a.Ask.Choose("name") }, consent.ErrMissingRequired},
		"claim twice":       {func(a *consent.Approval) { a.Choices = a.Ask.Choose("email", "email") }, consent.ErrApproval},
		"no purpose":        {func(a *consent.Approval) { a.Choices = []consent.Choice{{Claim: "email"}} }, consent.ErrNoPurpose},
		"purpose not asked": {func(a *consent.Approval) { a.Choices[0].Purposes = []string{advertising.ID} }, consent.ErrNotAsked},
		"purpose twice": {func(a *consent.Approval) {
			a.Choices[0].Purposes = append(a.Choices[0].Purposes, a.Choices[0].Purposes...)
		}, consent.ErrApproval},
		"no capsule":       {func(a *consent.Approval) { a.Capsule = nil }, consent.ErrApproval},
		"huge capsule":     {func(a *consent.Approval) { a.Capsule = make([]byte, vault.MaxCapsule+1) }, consent.ErrApproval},
		"no wrapped key":   {func(a *consent.Approval) { a.Wrapped = nil }, consent.ErrApproval},
		"huge wrapped key": {func(a *consent.Approval) { a.Wrapped = make([]byte, 1000) }, consent.ErrApproval},
		"no account":       {func(a *consent.Approval) { a.Account = "" }, consent.ErrApproval},
		"path as account":  {func(a *consent.Approval) { a.Account = "../aaaaaaaaaaaaaaaaaaaaaaa" }, consent.ErrApproval},
		"no persona":       {func(a *consent.Approval) { a.Persona = "" }, consent.ErrApproval},
		"no grant":         {func(a *consent.Approval) { a.Grant = "" }, consent.ErrApproval},
		"path as grant":    {func(a *consent.Approval) { a.Grant = "a/b" }, consent.ErrApproval},
		"more than a year": {func(a *consent.Approval) {
			a.Ask.Ends = consent.MaxEnds + time.Second
			a.Digest = a.Ask.Digest()
		}, consent.ErrApproval},
		"no end": {func(a *consent.Approval) {
			a.Ask.Ends = 0
			a.Digest = a.Ask.Digest()
		}, consent.ErrApproval},
		"visit without an end": {func(a *consent.Approval) { a.Ephemeral = true }, consent.ErrApproval},
		"visit of years":       {func(a *consent.Approval) { a.Ephemeral, a.Lifetime = true, consent.MaxEnds+1 }, consent.ErrApproval},
		"huge locale":          {func(a *consent.Approval) { a.Locale = strings.Repeat("d", 99) }, consent.ErrApproval},
	} {
		t.Run(name, func(t *testing.T) {
			r, c := newRoom(t, consent.Gathered), newCustomer()
			a, _ := c.approval(t, shop(), "email", "name")
			a.Ask.Claims = slices.Clone(a.Ask.Claims)
			wrong.change(&a)
			if _, err := r.Approve(t.Context(), a); !errors.Is(err, wrong.want) {
				t.Fatalf("got %v, want %v", err, wrong.want)
			}
			if n := r.count(t, ""); n != 0 {
				t.Errorf("%d records were left behind", n)
			}
		})
	}
}

// count is how many records have a key with this prefix.
func (r *room) count(tb testing.TB, prefix string) int {
	tb.Helper()
	return len(r.records(tb, prefix))
}

// parts counts the records of one kind that all grants together have.
func (r *room) parts(tb testing.TB, name string) (n int) {
	tb.Helper()
	all := r.records(tb, "consent/grant/")
	for _, item := range all {
		if strings.HasSuffix(item.Key, "/"+name) {
			n++
		}
	}
	if len(all) == 0 {
		tb.Error("there is no record of any grant")
	}
	return n
}

func (r *room) records(tb testing.TB, prefix string) (items []store.Item) {
	tb.Helper()
	err := r.store.View(context.Background(), func(s store.Reader) (err error) {
		items, err = s.Scan(prefix, "", 1_000_000)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return items
}

func TestApprove_takenIdentifier_isRefused_alsoWhenItWasWithdrawn(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	a, _ := c.approval(t, shop(), "email")
	if _, err := r.Approve(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Approve(t.Context(), a); !errors.Is(err, consent.ErrGrantExists) {
		t.Errorf("again: %v", err)
	}
	if _, err := r.Withdraw(t.Context(), c.account, a.Grant); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Approve(t.Context(), a); !errors.Is(err, consent.ErrGrantExists) {
		t.Errorf("after the withdrawal: %v", err)
	}
	other := newCustomer()
	b, _ := other.approval(t, shop(), "email")
	b.Grant = a.Grant
	if _, err := r.Approve(t.Context(), b); !errors.Is(err, consent.ErrGrantExists) {
		t.Errorf("by another account: %v", err)
	}
	if g, err := r.Grant(t.Context(), c.account, a.Grant); err != nil || g.State != consent.Withdrawn {
		t.Errorf("it is %v, %v", g.State, err)
	}
}

func TestApprove_anew_endsTheGrantBefore(t *testing.T) {
	r, c, ask := newRoom(t, consent.Gathered), newCustomer(), shop()
	first, _ := r.approve(t, c, ask, "email")
	elsewhere, _ := r.approve(t, c, shop(), "email")
	neighbour, _ := r.approve(t, newCustomer(), ask, "email")
	r.clock.Advance(time.Minute)
	second, _ := r.approve(t, c, ask, "email", "name")

	if _, err := r.Permit(t.Context(), reading(first, "email")); !errors.Is(err, consent.ErrWithdrawn) {
		t.Errorf("the old grant: %v", err)
	}
	if g, err := r.Grant(t.Context(), c.account, first.ID); err != nil || g.State != consent.Withdrawn || g.Reason != "replaced" || g.Revision != 0 {
		t.Errorf("the old grant: %+v, %v", g, err)
	}
	for _, g := range []consent.Grant{second, elsewhere, neighbour} {
		if _, err := r.Permit(t.Context(), reading(g, "email")); err != nil {
			t.Errorf("another grant: %v", err)
		}
	}
	if g, err := r.InForce(t.Context(), c.account, ask.Party.Client); err != nil || g.ID != second.ID {
		t.Errorf("in force is %q, %v", g.ID, err)
	}
	if n := r.count(t, "consent/grant/"+string(first.ID)+"/capsule"); n != 0 {
		t.Error("the old capsule is still there")
	}
	r.wantEvents(t, c, consent.EventGiven, consent.EventReplaced, consent.EventGiven, consent.EventGiven)
}

// wantEvents compares the account's decisions, the newest first; those of one moment in any order.
func (r *room) wantEvents(t *testing.T, c customer, want ...consent.Event) {
	t.Helper()
	receipts, _, err := r.Receipts(t.Context(), c.account, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []consent.Event
	for i, receipt := range receipts {
		got = append(got, receipt.Event)
		if i > 0 && receipt.Time.After(receipts[i-1].Time) {
			t.Error("receipts are not the newest first")
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("receipts: %s", diff)
	}
}

func TestApprove_manyAtOnceForOneVendor_oneStaysInForce(t *testing.T) {
	r, c, ask := newRoom(t, consent.Gathered), newCustomer(), shop()
	var approvals []consent.Approval
	for range 20 {
		a, _ := c.approval(t, ask, "email")
		approvals = append(approvals, a)
	}
	var all sync.WaitGroup
	var failed atomic.Int32
	for _, a := range approvals {
		all.Go(func() {
			if _, err := r.Approve(t.Context(), a); err != nil {
				failed.Add(1)
			}
		})
	}
	all.Wait()
	alive := 0
	grants, err := r.Grants(t.Context(), c.account)
	for _, g := range grants {
		if g.State == consent.Given {
			alive++
		}
	}
	if err != nil || failed.Load() != 0 || len(grants) != 20 || alive != 1 {
		t.Errorf("%d grants, %d in force, %d failed, %v", len(grants), alive, failed.Load(), err)
	}
	if n := r.parts(t, "capsule"); n != 1 {
		t.Errorf("%d capsules", n)
	}
}

func TestRefuse_isRecorded_andGivesNothing(t *testing.T) {
	r, c, ask := newRoom(t, consent.Gathered), newCustomer(), shop()
	if err := r.Refuse(t.Context(), c.account, ask, consent.Refusal{Digest: ask.Digest(), Locale: "de"}); err != nil {
		t.Fatal(err)
	}
	receipts, _, err := r.Receipts(t.Context(), c.account, "", 0)
	if err != nil || len(receipts) != 1 {
		t.Fatal(receipts, err)
	}
	got := receipts[0]
	if got.Event != consent.EventRefused || got.Grant != "" || got.Digest != ask.Digest() || len(got.Claims) != 3 || got.Party.Name != "Flowers" {
		t.Errorf("%+v", got)
	}
	if _, err := r.InForce(t.Context(), c.account, ask.Party.Client); !errors.Is(err, consent.ErrNoGrant) {
		t.Errorf("in force: %v", err)
	}
	if err := r.Refuse(t.Context(), c.account, ask, consent.Refusal{Digest: "stale", Locale: "de"}); !errors.Is(err, consent.ErrStaleReview) {
		t.Errorf("stale: %v", err)
	}
}

func TestGrants_areTheAccountsOwn_newestFirst(t *testing.T) {
	r, c := newRoom(t, consent.Gathered), newCustomer()
	const many = 120 // more than one step reads
	for range many {
		r.approve(t, c, shop(), "email")
		r.clock.Advance(time.Second)
	}
	r.approve(t, newCustomer(), shop(), "email")
	grants, err := r.Grants(t.Context(), c.account)
	if err != nil || len(grants) != many {
		t.Fatal(len(grants), err)
	}
	for i, g := range grants {
		if g.Account != c.account || i > 0 && g.Given.After(grants[i-1].Given) {
			t.Fatalf("%d: %+v", i, g)
		}
	}
	if none, err := r.Grants(t.Context(), id.New[id.Account]()); err != nil || len(none) != 0 {
		t.Error(none, err)
	}
}

func TestGrant_ofAnotherAccount_isUnknown(t *testing.T) {
	r, c, other := newRoom(t, consent.Gathered), newCustomer(), newCustomer()
	g, _ := r.approve(t, c, shop(), "email")
	for _, account := range []id.Account{other.account, "", "*", id.Account(string(c.account) + "/")} {
		if got, err := r.Grant(t.Context(), account, g.ID); !errors.Is(err, consent.ErrNoGrant) || got.ID != "" {
			t.Errorf("Grant for %q: %v %v", account, got.ID, err)
		}
		if _, err := r.Withdraw(t.Context(), account, g.ID); !errors.Is(err, consent.ErrNoGrant) {
			t.Errorf("Withdraw for %q: %v", account, err)
		}
		if _, _, err := r.Reads(t.Context(), account, g.ID, "", 0); !errors.Is(err, consent.ErrNoGrant) {
			t.Errorf("Reads for %q: %v", account, err)
		}
		if _, err := r.InForce(t.Context(), account, g.Party.Client); !errors.Is(err, consent.ErrNoGrant) {
			t.Errorf("InForce for %q: %v", account, err)
		}
	}
	if err := r.Live(t.Context(), g.ID, g.Party.Client); err != nil {
		t.Errorf("it was touched: %v", err)
	}
}
