package consent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/consent/release"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// world is a customer with a few vendors on the real engine, and beside it the model.
type world struct {
	*room
	customer customer
	vendors  []id.Client
	revision uint64 // of the document
	grants   []*modelled
}

var (
	allNames    = []string{"address", "email", "name", "phone_number"}
	allPurposes = []consent.Purpose{advertising, delivery}
)

// value is what the capsule says of a claim in this revision.
func (m *modelled) value(name string) string {
	return fmt.Sprintf(`"%s of %s, %d"`, name, m.id, m.revision)
}

// capsule seals more than was approved: an agent may be wrong, and nothing but the grant counts.
func (w *world) capsule(t *rapid.T, m *modelled) []byte {
	m.sealed = rapid.SliceOfDistinct(rapid.SampledFrom(allNames), rapid.ID[string]).Draw(t, "sealed")
	claims := vault.Claims{}
	for _, name := range m.sealed {
		claims[name] = json.RawMessage(m.value(name))
	}
	box, err := vault.SealCapsule(m.key, w.customer.account, m.id, m.revision, claims)
	if err != nil {
		t.Fatal(err)
	}
	return box
}

// ask draws a request, and fills in what the model has to know of it.
func (w *world) ask(t *rapid.T, m *modelled) consent.Ask {
	ask := consent.Ask{
		Party: consent.Party{Client: rapid.SampledFrom(w.vendors).Draw(t, "vendor"), Name: "Flowers"},
		Once:  rapid.IntRange(0, 3).Draw(t, "once") == 0, Ends: time.Duration(rapid.IntRange(1, 365).Draw(t, "ends")) * 24 * time.Hour,
	}
	ask.Continuous = !ask.Once
	m.asked = rapid.SliceOfNDistinct(rapid.SampledFrom(allNames), 1, -1, rapid.ID[string]).Draw(t, "asked")
	slices.Sort(m.asked)
	for _, name := range m.asked {
		purposes := inOrder(rapid.SliceOfNDistinct(rapid.SampledFrom(allPurposes), 0, 2, func(p consent.Purpose) string { return p.ID }).Draw(t, "purposes")...)
		if len(purposes) == 0 {
			m.bare = append(m.bare, name)
		}
		ask.Claims = append(ask.Claims, consent.Claim{Name: name, Purposes: purposes, UserInfo: true})
	}
	m.client, m.once, m.ends = ask.Party.Client, ask.Once, w.clock.Now().Add(ask.Ends)
	return ask
}

// choose draws what the customer approves.
func (m *modelled) choose(t *rapid.T, ask consent.Ask) (choices []consent.Choice) {
	m.given = map[string][]string{}
	for _, c := range ask.Claims {
		if !rapid.Bool().Draw(t, "approve "+c.Name) {
			continue
		}
		for _, p := range c.Purposes {
			if rapid.Bool().Draw(t, "for "+p.ID) {
				m.given[c.Name] = append(m.given[c.Name], p.ID)
			}
		}
		if len(m.given[c.Name]) == 0 && len(c.Purposes) > 0 {
			continue
		}
		m.given[c.Name] = append([]string{}, m.given[c.Name]...)
		choices = append(choices, consent.Choice{Claim: c.Name, Purposes: m.given[c.Name]})
	}
	return choices
}

func (w *world) approve(t *rapid.T) {
	m := &modelled{id: id.New[id.Grant](), key: vault.NewGrantKey(), revision: 1}
	ask := w.ask(t, m)
	a := consent.Approval{
		Account: w.customer.account, Persona: w.customer.persona, Grant: m.id, Ask: ask, Digest: ask.Digest(),
		Choices: m.choose(t, ask), Capsule: w.capsule(t, m), Wrapped: []byte("wrapped"), Locale: "en",
		Ephemeral: rapid.IntRange(0, 4).Draw(t, "ephemeral") == 0, Lifetime: time.Hour,
	}
	if _, err := w.Approve(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	if a.Ephemeral {
		m.ends = w.clock.Now().Add(time.Hour)
	}
	for _, other := range w.grants {
		other.over = other.over || !a.Ephemeral && !other.visit && other.client == m.client
	}
	m.visit = a.Ephemeral
	w.grants = append(w.grants, m)
}

// refuse leaves everything as it is.
func (w *world) refuse(t *rapid.T) {
	ask := w.ask(t, &modelled{})
	if err := w.Refuse(t.Context(), w.customer.account, ask, consent.Refusal{Digest: ask.Digest(), Locale: "en"}); err != nil {
		t.Fatal(err)
	}
}

// some draws a grant; nil when there is none.
func (w *world) some(t *rapid.T) *modelled {
	if len(w.grants) == 0 {
		return nil
	}
	return rapid.SampledFrom(w.grants).Draw(t, "grant")
}

// lessAfter does something that takes back, and checks that what can be read afterwards could be read
// before.
func (w *world) lessAfter(t *rapid.T, do func()) {
	before := w.readable(t)
	do()
	for _, value := range w.readable(t) {
		if !slices.Contains(before, value) {
			t.Fatalf("%s came out only after something was taken back", value)
		}
	}
}

func (w *world) withdraw(t *rapid.T) {
	m := w.some(t)
	if m == nil {
		return
	}
	w.lessAfter(t, func() {
		if _, err := w.Withdraw(t.Context(), w.customer.account, m.id); err != nil {
			t.Fatal(err)
		}
		m.over = true
	})
}

// narrow takes claims and purposes back, of which the grant may know nothing.
func (w *world) narrow(t *rapid.T) {
	m := w.some(t)
	if m == nil {
		return
	}
	n := consent.Narrowing{Claims: rapid.SliceOfDistinct(rapid.SampledFrom(m.asked), rapid.ID[string]).Draw(t, "claims")}
	if rapid.Bool().Draw(t, "purpose") {
		n.Purposes = []string{rapid.SampledFrom(allPurposes).Draw(t, "which").ID}
	}
	w.lessAfter(t, func() {
		_, err := w.Narrow(t.Context(), w.customer.account, m.id, n)
		switch {
		case err == nil && m.inForce(w.clock.Now()):
			m.take(n.Claims, n.Purposes)
		case err == nil, m.inForce(w.clock.Now()) && !errors.Is(err, consent.ErrChange):
			t.Fatalf("in force %v: %v", m.inForce(w.clock.Now()), err)
		}
	})
}

// step is a change that only a grant in force takes.
func (w *world) step(t *rapid.T, change func(*modelled) error) {
	m := w.some(t)
	if m == nil {
		return
	}
	serves := m.inForce(w.clock.Now())
	if err := change(m); (err == nil) != serves {
		t.Fatalf("in force %v: %v", serves, err)
	}
}

func (w *world) pause(t *rapid.T) {
	w.step(t, func(m *modelled) error {
		_, err := w.Pause(t.Context(), w.customer.account, m.id)
		m.paused = m.paused || err == nil
		return err
	})
}

func (w *world) resume(t *rapid.T) {
	w.step(t, func(m *modelled) error {
		_, err := w.Resume(t.Context(), w.customer.account, m.id)
		m.paused = m.paused && err != nil
		return err
	})
}

func (w *world) eachTime(t *rapid.T) {
	w.step(t, func(m *modelled) error {
		_, err := w.AskEachTime(t.Context(), w.customer.account, m.id, rapid.Bool().Draw(t, "each time"))
		return err
	})
}

func (w *world) renew(t *rapid.T) {
	w.step(t, func(m *modelled) error {
		ends := w.clock.Now().Add(time.Duration(rapid.IntRange(1, 365).Draw(t, "renewed")) * 24 * time.Hour)
		_, err := w.Renew(t.Context(), w.customer.account, m.id, ends)
		if m.visit && errors.Is(err, consent.ErrEnd) {
			return nil
		}
		if err == nil {
			m.ends = ends
		}
		return err
	})
}

func (w *world) revoke(t *rapid.T) {
	client := rapid.SampledFrom(w.vendors).Draw(t, "vendor")
	if err := w.Revoke(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	for _, m := range w.grants {
		m.over = m.over || m.client == client
	}
}

// edit saves the vault with a new capsule for one grant; only a grant in force takes it.
func (w *world) edit(t *rapid.T) {
	w.step(t, func(m *modelled) error {
		next := *m
		next.revision++
		err := w.SaveVault(t.Context(), w.customer.account, consent.Save{
			Revision: w.revision + 1, Document: []byte("sealed"),
			Capsules: []consent.Resealed{{Grant: m.id, Revision: next.revision, Capsule: w.capsule(t, &next)}},
		})
		if err == nil {
			*m = next
			w.revision++
		}
		return err
	})
}

func (w *world) wait(t *rapid.T) {
	w.clock.Advance(time.Duration(rapid.IntRange(1, 200*24).Draw(t, "hours")) * time.Hour)
}

// read compares one read with the model: any token, any claims, any vendor.
func (w *world) read(t *rapid.T) {
	m := w.some(t)
	if m == nil {
		return
	}
	names := rapid.SliceOfDistinct(rapid.SampledFrom(allNames), rapid.ID[string]).Draw(t, "read")
	client := rapid.SampledFrom(w.vendors).Draw(t, "reader")
	allowed := m.allows(client, names, w.clock.Now())
	p, err := w.Permit(t.Context(), consent.Reading{Grant: m.id, Client: client, Claims: names, Kind: consent.KindUserInfo})
	if (err == nil) != allowed {
		t.Fatalf("permitted %v, but the model says %v: %v", err == nil, allowed, err)
	}
	if err != nil {
		if p != (consent.Permit{}) {
			t.Fatal("a permit came with a refusal")
		}
		return
	}
	m.read()
	w.check(t, m, p, names)
}

// check opens the capsule: out comes the newest value of what was asked, given and sealed.
func (w *world) check(t *rapid.T, m *modelled, p consent.Permit, names []string) {
	claims, err := release.Release(t.Context(), p, m.key)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range allNames {
		want := slices.Contains(names, name) && m.tells(name)
		got, out := claims[name]
		if out != want || out && string(got) != m.value(name) {
			t.Fatalf("%s is out %v, want %v", name, out, want)
		}
	}
}

// readable is all that comes out when each vendor reads all it can, claim by claim; what can be read once
// is left alone.
func (w *world) readable(t *rapid.T) []string {
	var values []string
	for _, m := range w.grants {
		for _, name := range allNames {
			reading := consent.Reading{Grant: m.id, Client: m.client, Claims: []string{name}, Kind: consent.KindUserInfo}
			if m.once {
				continue
			}
			p, err := w.Permit(t.Context(), reading)
			if err != nil {
				continue
			}
			m.read()
			claims, err := release.Release(t.Context(), p, m.key)
			if err != nil {
				t.Fatal(err)
			}
			for _, value := range claims {
				values = append(values, string(value))
			}
		}
	}
	return values
}

// recorded checks that the log holds each permit that was given, and no other, and that the list of
// grants says what the model says.
func (w *world) recorded(t *rapid.T) {
	for _, m := range w.grants {
		g, err := w.Grant(t.Context(), w.customer.account, m.id)
		if err != nil || g.Reads != m.reads {
			t.Fatalf("%d reads recorded of %d permitted, %v", g.Reads, m.reads, err)
		}
		if (g.State == consent.Given) != m.inForce(w.clock.Now()) {
			t.Fatalf("state %v", g.State)
		}
		if g.State == consent.Given && (g.Revision != m.revision || g.Paused != m.paused) {
			t.Fatalf("capsule revision %d, want %d; paused %v", g.Revision, m.revision, g.Paused)
		}
		if names := slices.Sorted(maps.Keys(m.given)); !slices.Equal(consent.Names(g.Claims), names) {
			t.Fatalf("given %v, want %v", consent.Names(g.Claims), names)
		}
	}
}

// told replays the receipts: they form one chain, and tell the same story as the grants do.
func (w *world) told(t *rapid.T) {
	receipts, _, err := w.Receipts(t.Context(), w.customer.account, "", 200)
	if err != nil {
		t.Fatal(err)
	}
	head, err := w.ReceiptHead(t.Context(), w.customer.account)
	if err != nil {
		t.Fatal(err)
	}
	last := map[id.Grant]consent.Receipt{}
	for _, r := range receipts {
		if head, err = head.Follow(r.Raw); err != nil {
			t.Fatal(err)
		}
		if _, later := last[r.Grant]; !later {
			last[r.Grant] = r
		}
	}
	if head != (consent.Head{}) {
		t.Fatalf("the receipts do not reach the beginning: %+v", head)
	}
	grants, err := w.Grants(t.Context(), w.customer.account)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range grants {
		r := last[g.ID]
		state := r.State
		if state == "given" && !w.clock.Now().Before(r.Ends) {
			state = "expired"
		}
		if state != g.State.String() || !r.Ends.Equal(g.Ends) || r.Paused != g.Paused || r.EachTime != g.EachTime ||
			!cmp.Equal(r.Claims, g.Claims, cmpopts.EquateEmpty()) || !cmp.Equal(r.Declined, g.Declined, cmpopts.EquateEmpty()) ||
			!cmp.Equal(r.Without, g.Without, cmpopts.EquateEmpty()) {
			t.Fatalf("the receipt says\n%+v\nthe grant\n%+v", r, g)
		}
	}
}

func testWorld(t *testing.T, mode consent.ReadLog, flush func(*rapid.T, *room)) {
	c := newClock()
	s := openStore(t, c.Now)
	rapid.Check(t, func(t *rapid.T) {
		e := consent.New(consent.Options{Store: s, Now: c.Now, ReadLog: mode})
		w := &world{room: &room{Engine: e, store: s, clock: c}, customer: newCustomer()}
		for range 2 {
			w.vendors = append(w.vendors, id.New[id.Client]())
		}
		steps := []func(*rapid.T){
			w.approve, w.approve, w.approve, w.read, w.read, w.read, w.read, w.edit, w.narrow, w.narrow,
			w.pause, w.resume, w.eachTime, w.renew, w.refuse, w.withdraw, w.revoke, w.wait,
		}
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			rapid.SampledFrom(steps).Draw(t, "step")(t)
		}
		flush(t, w.room)
		w.recorded(t)
		w.told(t)
	})
}

// Each permit is on disk when it is given.
func TestWorld_strict(t *testing.T) {
	testWorld(t, consent.Strict, func(t *rapid.T, r *room) {
		t.Cleanup(func() { _ = r.Close(context.Background()) })
	})
}

// Each permit is on disk when the engine has closed.
func TestWorld_gathered(t *testing.T) {
	testWorld(t, consent.Gathered, func(t *rapid.T, r *room) {
		if err := r.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
	})
}
