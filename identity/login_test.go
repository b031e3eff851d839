package identity_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/vault"
)

// fail tries a wrong passphrase and gives how long to wait, or 0 when it was checked.
func (w *world) fail(t testing.TB, login string, src identity.Source) time.Duration {
	t.Helper()
	_, err := w.accounts.Login(t.Context(), login, vault.SlotPassphrase, random(32), src)
	return w.waitOf(t, err, identity.ErrWrongLogin)
}

func (w *world) waitOf(t testing.TB, err, otherwise error) time.Duration {
	t.Helper()
	var slow *identity.SlowDown
	if errors.As(err, &slow) {
		is(t, err, identity.ErrSlowDown)
		if slow.RetryAfter <= 0 {
			t.Fatalf("told to wait for %v", slow.RetryAfter)
		}
		return slow.RetryAfter
	}
	is(t, err, otherwise)
	return 0
}

func TestParameters_unknownLogin_looksLikeAKnownOne(t *testing.T) {
	w := newWorld(t)
	p, _ := w.join(t, "ada")
	known, err := w.accounts.Parameters(t.Context(), " ADA ", home)
	must(t, err)
	if diff := cmp.Diff(*p.slots[0].Slot.Stretch, known); diff != "" {
		t.Error(diff)
	}
	first, err := w.accounts.Parameters(t.Context(), "nobody", home)
	must(t, err)
	again, err := w.accounts.Parameters(t.Context(), "Nobody", from("198.51.100.1"))
	must(t, err)
	other, err := w.accounts.Parameters(t.Context(), "somebody", home)
	must(t, err)
	if !cmp.Equal(first, again) {
		t.Error("an unknown login shows other parameters each time")
	}
	if bytes.Equal(first.Salt, other.Salt) || first.Validate() != nil {
		t.Error("two unknown logins share a salt, or show what no account has")
	}
	first.Salt, known.Salt = nil, nil
	if diff := cmp.Diff(known, first); diff != "" {
		t.Error(diff)
	}
}

func TestLogin_unknownLoginAndWrongSecret_giveTheSameAnswers(t *testing.T) {
	w := newWorld(t)
	w.join(t, "ada")
	for i := range 40 {
		var answers [2]string
		for j, login := range []string{"ada", "nobody"} {
			_, err := w.accounts.Login(t.Context(), login, vault.SlotPassphrase, random(32), from("198.51.100.1"))
			answers[j] = fmt.Sprintf("%v %v %v", err, fault.Of(err).Code, w.waitOf(t, err, identity.ErrWrongLogin))
		}
		if answers[0] != answers[1] {
			t.Fatalf("attempt %d: %q for a known login, %q for an unknown one", i, answers[0], answers[1])
		}
		w.clock.Add(time.Second)
	}
}

func TestLogin_failed_writesNothing(t *testing.T) {
	w := newWorld(t)
	w.join(t, "ada")
	before, err := os.ReadFile(w.path)
	must(t, err)
	for _, login := range []string{"ada", "nobody"} {
		for range 10 {
			w.fail(t, login, home)
			_, err := w.accounts.Parameters(t.Context(), login, home)
			must(t, err)
		}
	}
	after, err := os.ReadFile(w.path)
	must(t, err)
	if !bytes.Equal(before, after) {
		t.Error("the store's file changed")
	}
}

func TestLogin_wrongKindOrProof_isRefused(t *testing.T) {
	w := newWorld(t, identity.Limits{Free: 100})
	p, _ := w.join(t, "ada")
	other, _ := w.join(t, "eve")
	tries := []struct {
		kind vault.SlotKind
		auth []byte
	}{
		{vault.SlotPassphrase, nil},
		{vault.SlotPassphrase, p.recovery},
		{vault.SlotRecovery, p.passphrase},
		{vault.SlotPasskey, p.passphrase},
		{"", p.passphrase},
		{vault.SlotPassphrase, other.passphrase},
		{vault.SlotPassphrase, append([]byte{0}, p.passphrase...)},
	}
	for _, try := range tries {
		_, err := w.accounts.Login(t.Context(), "ada", try.kind, try.auth, home)
		is(t, err, identity.ErrWrongLogin)
	}
}

func TestSlowDown_failuresDoubleTheWait_andTheRightSecretIsHeardAfterIt(t *testing.T) {
	w := newWorld(t)
	p, _ := w.join(t, "ada")
	var waits []time.Duration
	for len(waits) < 12 {
		if wait := w.fail(t, "ada", home); wait > 0 {
			waits = append(waits, wait.Round(time.Second))
			w.clock.Add(wait)
		}
	}
	for i := 1; i < len(waits); i++ {
		if waits[i] < waits[i-1] || waits[i] > 5*time.Minute {
			t.Errorf("waits: %v", waits)
		}
	}
	if waits[0] > 2*time.Second || waits[11] != 5*time.Minute {
		t.Errorf("waits: %v", waits)
	}
	w.fail(t, "ada", home)
	_, err := w.accounts.Login(t.Context(), "ada", vault.SlotPassphrase, p.passphrase, home)
	w.clock.Add(w.waitOf(t, err, nil))
	w.login(t, p)
	w.login(t, p) // and the count is forgotten
}

// A clock that was a day ahead and is set right must not keep a customer out for that day.
func TestSlowDown_clockThatIsSetBack_locksNobodyOut(t *testing.T) {
	w := newWorld(t)
	p, _ := w.join(t, "ada")
	w.clock.Add(24 * time.Hour)
	for range 4 {
		w.clock.Add(w.fail(t, "ada", home))
	}
	for range 70 { // and of the same address, on many logins
		_, err := w.accounts.Login(t.Context(), string(id.New[id.Account]()), vault.SlotPassphrase, p.recovery, home)
		if err == nil {
			t.Fatal("signed in as nobody")
		}
	}
	w.clock.Add(-24 * time.Hour)
	_, err := w.accounts.Login(t.Context(), "ada", vault.SlotPassphrase, p.passphrase, home)
	if err != nil {
		wait := w.waitOf(t, err, nil)
		if wait > 5*time.Minute {
			t.Errorf("told to wait for %v", wait)
		}
		w.clock.Add(wait)
	}
	w.login(t, p)
}

func TestSlowDown_elsewhere_customerIsNotMadeToWait(t *testing.T) {
	w := newWorld(t)
	p, _ := w.join(t, "ada")
	for range 10 {
		w.fail(t, "ada", from("198.51.100.1"))
	}
	w.login(t, p)
}

func TestSlowDown_attackFromEverywhere_neverLocksTheCustomerOut(t *testing.T) {
	w := newWorld(t)
	p, _ := w.join(t, "ada")
	attack := func() (checked int) {
		for i := range 500 {
			if w.fail(t, "ada", from(fmt.Sprintf("10.0.%d.%d", i/250, i%250))) == 0 {
				checked++
			}
		}
		return checked
	}
	checked := 0
	for range 10 { // 5000 guesses within the same second
		checked += attack()
	}
	if checked > 120 {
		t.Errorf("%d guesses were checked", checked)
	}
	_, err := w.accounts.Login(t.Context(), "ada", vault.SlotPassphrase, p.passphrase, home)
	wait := w.waitOf(t, err, nil)
	if wait > 5*time.Minute {
		t.Fatalf("the customer waits for %v", wait)
	}
	for passed := time.Duration(0); passed < wait; passed += 30 * time.Second {
		w.clock.Add(30 * time.Second)
		attack() // does not stop, and does not take the customer's turn
	}
	w.login(t, p)
}

func TestSlowDown_parallelGuesses_areChargedBeforeTheyAreChecked(t *testing.T) {
	w := newWorld(t)
	w.join(t, "ada")
	var checked atomic.Int32
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if w.fail(t, "ada", home) == 0 {
				checked.Add(1)
			}
		})
	}
	all.Wait()
	if checked.Load() > 3 {
		t.Errorf("%d of 50 guesses at once were checked", checked.Load())
	}
}

func TestSlowDown_oneAddressManyLogins_runsDry_andRefills(t *testing.T) {
	w := newWorld(t)
	p, _ := w.join(t, "ada")
	spray := func(src func(int) identity.Source) (checked int) {
		for i := range 100 {
			if w.fail(t, fmt.Sprintf("login-%d", i), src(i)) == 0 {
				checked++
			}
		}
		return checked
	}
	oneNetwork := func(i int) identity.Source { return from(fmt.Sprintf("2001:db8:1:2::%x", i+1)) }
	if n := spray(oneNetwork); n != 60 {
		t.Errorf("%d of 100 logins were tried from one network", n)
	}
	if n := spray(func(i int) identity.Source { return from(fmt.Sprintf("::ffff:198.51.100.%d", i+1)) }); n != 100 {
		t.Errorf("%d of 100 addresses were heard", n)
	}
	_, err := w.accounts.Login(t.Context(), "ada", vault.SlotPassphrase, p.passphrase, oneNetwork(1))
	wait := w.waitOf(t, err, nil)
	if wait > 2*time.Second {
		t.Fatalf("the customer in the same network waits for %v", wait)
	}
	w.clock.Add(wait)
	_, err = w.accounts.Login(t.Context(), "ada", vault.SlotPassphrase, p.passphrase, oneNetwork(1))
	must(t, err)
}

func TestSlowDown_rightLogins_areFree(t *testing.T) {
	w := newWorld(t)
	p, _ := w.join(t, "ada")
	for range 200 {
		w.login(t, p)
	}
}

func TestSlowDown_signUps_byAddress(t *testing.T) {
	w := newWorld(t, identity.Limits{SignUpBurst: 2, SignUpEvery: time.Minute})
	w.join(t, "ada")
	_, err := w.accounts.SignUp(t.Context(), newPerson("ada").signUp(), home)
	is(t, err, identity.ErrLoginTaken)
	_, err = w.accounts.SignUp(t.Context(), newPerson("eve").signUp(), home)
	if wait := w.waitOf(t, err, nil); wait != time.Minute {
		t.Errorf("told to wait for %v", wait)
	}
	_, err = w.accounts.SignUp(t.Context(), newPerson("bob").signUp(), from("198.51.100.1"))
	must(t, err)
	w.clock.Add(time.Minute)
	w.join(t, "eve")
}

func TestSlowDown_guessingInsideASession(t *testing.T) {
	w := newWorld(t)
	p, s := w.join(t, "ada")
	checked := 0
	for range 20 {
		_, err := w.accounts.Reauthenticate(t.Context(), s.Session, vault.SlotPassphrase, random(32))
		if w.waitOf(t, err, identity.ErrWrongSecret) == 0 {
			checked++
		}
		err = w.accounts.ChangePassphrase(t.Context(), s.Session, random(32), newSlot(vault.SlotPassphrase))
		if w.waitOf(t, err, identity.ErrWrongSecret) == 0 {
			checked++
		}
	}
	if checked > 3 {
		t.Errorf("%d of 40 guesses were checked", checked)
	}
	w.login(t, p) // a stolen session does not keep the customer out
}

// counting is the real store with a count of what is asked of it.
type counting struct {
	store.Store
	asked []string
}

func (c *counting) View(ctx context.Context, fn func(store.Reader) error) error {
	return c.Store.View(ctx, func(r store.Reader) error { return fn(countingReader{r, c}) })
}

func (c *counting) Update(ctx context.Context, fn func(store.Tx) error) error {
	c.asked = append(c.asked, "update")
	return c.Store.Update(ctx, fn)
}

type countingReader struct {
	store.Reader
	c *counting
}

func (r countingReader) Get(key string) ([]byte, error) {
	r.c.asked = append(r.c.asked, "get "+key[:6])
	return r.Reader.Get(key)
}

func (r countingReader) GetMany(keys ...string) ([][]byte, error) {
	for _, key := range keys {
		r.c.asked = append(r.c.asked, "get "+key[:6])
	}
	return r.Reader.GetMany(keys...)
}

func TestLogin_unknownLogin_asksTheStoreTheSame(t *testing.T) {
	w := newWorld(t)
	w.join(t, "ada")
	asked := map[string][]string{}
	for _, login := range []string{"ada", "nobody"} {
		c := &counting{Store: w.store}
		w.accounts = identity.NewAccounts(identity.AccountOptions{Store: c, Keys: w.keys, Now: w.clock.Now})
		w.fail(t, login, home)
		_, err := w.accounts.Parameters(t.Context(), login, home)
		must(t, err)
		asked[login] = c.asked
	}
	if diff := cmp.Diff([]string{"get login/", "get accoun", "get login/", "get accoun"}, asked["nobody"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(asked["ada"], asked["nobody"]); diff != "" {
		t.Error(diff)
	}
}
