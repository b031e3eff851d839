package consent_test

import (
	"bytes"
	"errors"
	"log/slog"
	"testing"

	"pgregory.net/rapid"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/consent/release"
	"github.com/meins-id/meins/internal/store"
)

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
