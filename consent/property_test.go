package consent_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/consent/release"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/vault"
)

// world is a customer with a few vendors on the real engine, and beside it a model so simple that it
// is plainly right: what each grant allows, and what its capsule says.
type world struct {
	*room
	customer customer
	vendors  []id.Client
	revision uint64 // of the document
	grants   []*modelled
}

// modelled is what must be true of a grant.
type modelled struct {
	id       id.Grant
	client   id.Client
	key      vault.GrantKey
	approved []string
	declined []string
	ends     time.Time
	ended    bool
	revision uint64 // of the capsule
	sealed   []string
	reads    uint64
}

var allNames = []string{"address", "email", "name", "phone_number"}

// serves says whether the grant lets anything out at all.
func (m *modelled) serves(now time.Time) bool { return !m.ended && now.Before(m.ends) }

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

func (w *world) approve(t *rapid.T) {
	asked := rapid.SliceOfNDistinct(rapid.SampledFrom(allNames), 1, -1, rapid.ID[string]).Draw(t, "asked")
	ask := askOf(rapid.SampledFrom(w.vendors).Draw(t, "vendor"), asked...)
	m := &modelled{
		id: id.New[id.Grant](), client: ask.Party.Client, key: vault.NewGrantKey(), revision: 1,
		ends: w.clock.Now().Add(consent.MaxEnds),
	}
	for _, name := range asked {
		if rapid.Bool().Draw(t, "approve "+name) {
			m.approved = append(m.approved, name)
		} else {
			m.declined = append(m.declined, name)
		}
	}
	_, err := w.Approve(t.Context(), consent.Approval{
		Account: w.customer.account, Persona: w.customer.persona, Grant: m.id, Ask: ask, Digest: ask.Digest(),
		Choices: ask.Choose(m.approved...), Capsule: w.capsule(t, m), Wrapped: []byte("wrapped"), Locale: "en",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range w.grants {
		if other.client == m.client {
			other.ended = true
		}
	}
	w.grants = append(w.grants, m)
}

// some draws a grant; nil when there is none.
func (w *world) some(t *rapid.T) *modelled {
	if len(w.grants) == 0 {
		return nil
	}
	return rapid.SampledFrom(w.grants).Draw(t, "grant")
}

// withdraw ends a grant, and checks that what comes out afterwards came out before.
func (w *world) withdraw(t *rapid.T) {
	m := w.some(t)
	if m == nil {
		return
	}
	before := w.everything(t)
	if _, err := w.Withdraw(t.Context(), w.customer.account, m.id); err != nil {
		t.Fatal(err)
	}
	m.ended = true
	after := w.everything(t)
	for _, value := range after {
		if !slices.Contains(before, value) {
			t.Fatalf("%s came out only after a withdrawal", value)
		}
	}
	if more := w.releases(t, m, allNames); len(more) != 0 {
		t.Fatalf("a withdrawn grant gives %v", more)
	}
}

func (w *world) revoke(t *rapid.T) {
	client := rapid.SampledFrom(w.vendors).Draw(t, "vendor")
	if err := w.Revoke(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	for _, m := range w.grants {
		m.ended = m.ended || m.client == client
	}
}

// edit saves the vault with a new capsule for one grant; only a grant in force takes it.
func (w *world) edit(t *rapid.T) {
	m := w.some(t)
	if m == nil {
		return
	}
	next := *m
	next.revision++
	save := consent.Save{
		Revision: w.revision + 1, Document: []byte("sealed"),
		Capsules: []consent.Resealed{{Grant: m.id, Revision: next.revision, Capsule: w.capsule(t, &next)}},
	}
	err := w.SaveVault(t.Context(), w.customer.account, save)
	if saved := err == nil; saved != m.serves(w.clock.Now()) {
		t.Fatalf("saved %v, the grant serves %v: %v", saved, m.serves(w.clock.Now()), err)
	}
	if err == nil {
		*m = next
		w.revision++
	}
}

func (w *world) wait(t *rapid.T) {
	w.clock.Advance(time.Duration(rapid.IntRange(1, 200).Draw(t, "days")) * 24 * time.Hour)
}

// read compares one read with the model: any token, any claims, any vendor.
func (w *world) read(t *rapid.T) {
	m := w.some(t)
	if m == nil {
		return
	}
	names := rapid.SliceOfDistinct(rapid.SampledFrom(allNames), rapid.ID[string]).Draw(t, "read")
	client := rapid.SampledFrom(w.vendors).Draw(t, "reader")
	p, err := w.Permit(t.Context(), consent.Reading{Grant: m.id, Client: client, Claims: names, Kind: consent.KindUserInfo})
	allowed := m.serves(w.clock.Now()) && client == m.client
	for _, name := range names {
		allowed = allowed && (slices.Contains(m.approved, name) || slices.Contains(m.declined, name))
	}
	if (err == nil) != allowed {
		t.Fatalf("permitted %v, but the model says %v: %v", err == nil, allowed, err)
	}
	if err != nil {
		if p != (consent.Permit{}) {
			t.Fatal("a permit came with a refusal")
		}
		return
	}
	m.reads++
	w.check(t, m, p, names)
}

// check opens the capsule: out comes the newest value of what was asked, approved and sealed.
func (w *world) check(t *rapid.T, m *modelled, p consent.Permit, names []string) {
	claims, err := release.Release(t.Context(), p, m.key)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range allNames {
		want := slices.Contains(names, name) && slices.Contains(m.approved, name) && slices.Contains(m.sealed, name)
		got, out := claims[name]
		if out != want || out && string(got) != m.value(name) {
			t.Fatalf("%s is out %v, want %v", name, out, want)
		}
	}
}

// everything is all that comes out when each vendor reads all it can, claim by claim.
func (w *world) everything(t *rapid.T) []string {
	var values []string
	for _, m := range w.grants {
		values = append(values, w.releases(t, m, allNames)...)
	}
	return values
}

// releases reads each claim of a grant on its own.
func (w *world) releases(t *rapid.T, m *modelled, names []string) []string {
	var values []string
	for _, name := range names {
		p, err := w.Permit(t.Context(), consent.Reading{Grant: m.id, Client: m.client, Claims: []string{name}, Kind: consent.KindUserInfo})
		if err != nil {
			continue
		}
		m.reads++
		claims, err := release.Release(t.Context(), p, m.key)
		if err != nil {
			t.Fatal(err)
		}
		for _, value := range claims {
			values = append(values, string(value))
		}
	}
	return values
}

// recorded checks that the log holds each permit that was given, and no other.
func (w *world) recorded(t *rapid.T) {
	for _, m := range w.grants {
		g, err := w.Grant(t.Context(), w.customer.account, m.id)
		if err != nil || g.Reads != m.reads {
			t.Fatalf("%d reads recorded of %d permitted, %v", g.Reads, m.reads, err)
		}
		if (g.State == consent.Given) != m.serves(w.clock.Now()) {
			t.Fatalf("state %v", g.State)
		}
		if !m.ended && w.clock.Now().Before(m.ends) && g.Revision != m.revision {
			t.Fatalf("capsule revision %d, want %d", g.Revision, m.revision)
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
		steps := []func(*rapid.T){w.approve, w.approve, w.read, w.read, w.read, w.edit, w.withdraw, w.revoke, w.wait}
		for range rapid.IntRange(1, 15).Draw(t, "steps") {
			rapid.SampledFrom(steps).Draw(t, "step")(t)
		}
		flush(t, w.room)
		w.recorded(t)
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

// No permit without a stored record, whatever the disk does: with a disk that fails at random, each
// permit that was given strictly has its line, and each refusal has none.
func TestPermit_strict_failingDisk_recordsAndPermitsAgree(t *testing.T) {
	c := newClock()
	disk := &breakable{Store: openStore(t, c.Now)}
	r := roomOn(t, disk, c, consent.Strict)
	rapid.Check(t, func(rt *rapid.T) {
		disk.broken.Store(false)
		who := newCustomer()
		g, _ := r.approve(t, who, shop(), "email")
		permitted := uint64(0)
		for _, broken := range rapid.SliceOfN(rapid.Bool(), 1, 10).Draw(rt, "disk") {
			disk.broken.Store(broken)
			_, err := r.Permit(rt.Context(), reading(g, "email"))
			if (err == nil) == broken || err != nil && !errors.Is(err, consent.ErrLogUnavailable) {
				rt.Fatalf("disk broken %v: %v", broken, err)
			}
			if err == nil {
				permitted++
			}
		}
		if got, err := r.Grant(rt.Context(), who.account, g.ID); err != nil || got.Reads != permitted {
			rt.Fatalf("%d recorded of %d permitted, %v", got.Reads, permitted, err)
		}
	})
}

// After everything that can happen to a grant, no value is anywhere: not in a record, not in a log
// line, not in an error.
func TestNothing_tellsAValue(t *testing.T) {
	var log bytes.Buffer
	clock := newClock()
	disk := &breakable{Store: openStore(t, clock.Now)}
	e := consent.New(consent.Options{Store: disk, Now: clock.Now, Log: slog.New(slog.NewJSONHandler(&log, nil))})
	r, c, ask := &room{Engine: e, store: disk, clock: clock}, newCustomer(), shop()
	g, key := r.approve(t, c, ask, "email", "name")
	save := consent.Save{Revision: 1, Document: []byte("sealed"), Capsules: []consent.Resealed{
		{Grant: g.ID, Revision: 2, Capsule: c.sealed(t, key, g.ID, 2, "email", "name")},
	}}
	errs := []error{r.SaveVault(t.Context(), c.account, save), r.SaveVault(t.Context(), c.account, save)}
	p, err := r.Permit(t.Context(), reading(g, "email"))
	if err != nil {
		t.Fatal(err)
	}
	if claims, err := release.Release(t.Context(), p, key); err != nil || !bytes.Contains(claims["email"], []byte(marker)) {
		t.Fatal("the marker is not in the value", err)
	}
	_, refused := r.Permit(t.Context(), reading(g, "phone_number"))
	disk.broken.Store(true)
	closed := r.Close(t.Context()) // fails, and logs
	disk.broken.Store(false)
	r.approve(t, c, ask, "email")
	errs = append(errs, refused, closed)
	for i, err := range errs {
		if (err == nil) != (i == 0) || err != nil && bytes.Contains([]byte(err.Error()), []byte(marker)) {
			t.Errorf("error %d: %v", i, err)
		}
	}
	if bytes.Contains(log.Bytes(), []byte(marker)) || log.Len() == 0 {
		t.Errorf("log: %s", log.Bytes())
	}
	r.wantNowhere(t, marker, string(key.Bytes()))
}

// wantNowhere looks through all records.
func (r *room) wantNowhere(t *testing.T, secrets ...string) {
	t.Helper()
	err := r.store.View(t.Context(), func(s store.Reader) error {
		items, err := s.Scan("", "", 1_000_000)
		for _, item := range items {
			for _, secret := range secrets {
				if bytes.Contains(item.Value, []byte(secret)) || bytes.Contains([]byte(item.Key), []byte(secret)) {
					t.Errorf("%s holds it", item.Key)
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
