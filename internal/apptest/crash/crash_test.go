package crash_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/consent/release"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/outbox"
	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/internal/store/bolt"
)

const kills = 200

func TestConsent_killed200Times_tellsOneStory(t *testing.T) {
	acknowledged := 0
	for range kills / 2 {
		path := filepath.Join(t.TempDir(), "meins.db")
		for range 2 { // the second child goes on where the first was killed
			lines := killed(t, path)
			acknowledged += len(lines)
			check(t, path, lines)
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d changes acknowledged over %d kills", acknowledged, kills)
	if acknowledged < kills {
		t.Errorf("only %d changes were acknowledged over %d kills: the test kills too early", acknowledged, kills)
	}
}

// killed lets a child live for a while, kills it, and gives what it said was acknowledged.
func killed(t *testing.T, path string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // of a child that hangs
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), crashFile+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	first, err := lines.ReadString('\n')
	if err != nil {
		t.Fatalf("the child said nothing: %v", err)
	}
	time.Sleep(time.Duration(rand.IntN(40)) * time.Millisecond)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(lines)
	if err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	all := first + string(rest)
	return strings.Split(strings.TrimSuffix(all[:strings.LastIndexByte(all, '\n')+1], "\n"), "\n")
}

// story is what lies on the disk.
type story struct {
	*consent.Engine
	db store.Store
	t  *testing.T
}

func check(t *testing.T, path string, acknowledged []string) {
	t.Helper()
	db, err := bolt.Open(path, bolt.Options{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	s := story{consent.New(consent.Options{Store: db, Now: time.Now}), db, t}
	defer func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	grants, events := map[id.Grant]consent.Grant{}, map[id.Event]outbox.Told{}
	for _, a := range accounts {
		s.account(a, grants, events)
	}
	s.pending(events)
	for _, line := range acknowledged {
		s.kept(line, grants, events)
	}
}

// account checks that grants, capsules and events of an account are those that its receipts tell of.
func (s story) account(a id.Account, grants map[id.Grant]consent.Grant, events map[id.Event]outbox.Told) {
	s.t.Helper()
	receipts := s.receipts(a)
	all, err := s.Grants(s.t.Context(), a)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, g := range all {
		grants[g.ID] = g
		last := slices.IndexFunc(receipts, func(r consent.Receipt) bool { return r.Grant == g.ID }) // the newest comes first
		if last < 0 || receipts[last].State != g.State.String() || len(receipts[last].Claims) != len(g.Claims) {
			s.t.Errorf("grant %s is %s with %d claims, its receipts say otherwise", g.ID, g.State, len(g.Claims))
		}
		s.capsule(a, g)
		told, _, err := s.Told(s.t.Context(), a, g.ID, "", 200)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, e := range told {
			events[e.Event] = e
		}
	}
	for _, r := range receipts {
		if _, ok := events[id.Event(r.ID)]; !ok {
			s.t.Errorf("receipt %s (%s) has no event", r.ID, r.Event)
		}
	}
}

// receipts reads the whole chain and checks it.
func (s story) receipts(a id.Account) []consent.Receipt {
	s.t.Helper()
	head, err := s.ReceiptHead(s.t.Context(), a)
	if err != nil {
		s.t.Fatal(err)
	}
	var all []consent.Receipt
	for before := ""; ; {
		page, next, err := s.Receipts(s.t.Context(), a, before, 200)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, r := range page {
			if head, err = head.Follow(r.Raw); err != nil {
				s.t.Fatalf("receipt %d of %s: %v", r.Seq, a, err)
			}
		}
		all = append(all, page...)
		if before = next; next == "" {
			break
		}
	}
	if head.Seq != 0 {
		s.t.Errorf("%d receipts of %s are missing", head.Seq, a)
	}
	return all
}

// capsule checks that a grant in force gives what the vault says now, and another nothing.
func (s story) capsule(a id.Account, g consent.Grant) {
	s.t.Helper()
	permit, err := s.Permit(s.t.Context(), consent.Reading{Grant: g.ID, Client: g.Party.Client, Claims: []string{"email"}, Kind: consent.KindUserInfo})
	if g.State != consent.Given {
		if err == nil {
			s.t.Errorf("a grant that is %s permits a read", g.State)
		}
		return
	}
	if err != nil {
		s.t.Errorf("grant %s: %v", g.ID, err)
		return
	}
	got, err := release.Release(s.t.Context(), permit, keyOf(g.ID))
	if err != nil {
		s.t.Errorf("grant %s: %v", g.ID, err)
		return
	}
	now, err := s.Vault(s.t.Context(), a)
	if err != nil {
		s.t.Fatal(err)
	}
	if want := string(values(now.Revision)["email"]); string(got["email"]) != want {
		s.t.Errorf("the vendor reads %s, the vault says %s", got["email"], want)
	}
}

// pending checks that what waits is what the customer sees as not acknowledged.
func (s story) pending(events map[id.Event]outbox.Told) {
	s.t.Helper()
	waiting := map[id.Event]bool{}
	for _, c := range clients {
		err := s.db.View(s.t.Context(), func(r store.Reader) error {
			list, err := outbox.Pending(r, c, 0, 100000)
			for i, e := range list {
				waiting[e.ID] = true
				if i > 0 && e.Place <= list[i-1].Place {
					s.t.Errorf("events of %s are out of order", c)
				}
			}
			return err
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
	for name, e := range events {
		if waiting[name] != e.Acknowledged.IsZero() {
			s.t.Errorf("event %s (%s) waits: %v, acknowledged: %v", name, e.Kind, waiting[name], e.Acknowledged)
		}
		delete(waiting, name)
	}
	for name := range waiting {
		s.t.Errorf("event %s waits, and the customer does not see it", name)
	}
}

// kept checks that what was acknowledged is there.
func (s story) kept(line string, grants map[id.Grant]consent.Grant, events map[id.Event]outbox.Told) {
	s.t.Helper()
	what, which, _ := strings.Cut(line, " ")
	switch what {
	case "approve":
		if _, ok := grants[id.Grant(which)]; !ok {
			s.t.Errorf("lost: %s", line)
		}
	case "withdraw":
		if g := grants[id.Grant(which)]; g.State != consent.Withdrawn {
			s.t.Errorf("lost: %s, it is %s", line, g.State)
		}
	case "narrow":
		if g := grants[id.Grant(which)]; len(g.Claims) != 1 {
			s.t.Errorf("lost: %s, it has %d claims", line, len(g.Claims))
		}
	case "edit":
		var account id.Account
		var revision uint64
		if _, err := fmt.Sscan(which, &account, &revision); err != nil {
			s.t.Fatal(err)
		}
		if v, err := s.Vault(s.t.Context(), account); err != nil || v.Revision < revision {
			s.t.Errorf("lost: %s, it is at %d: %v", line, v.Revision, err)
		}
	case "told":
		if e, ok := events[id.Event(which)]; !ok || e.Acknowledged.IsZero() {
			s.t.Errorf("lost: %s", line)
		}
	default:
		s.t.Errorf("the child said %q", line)
	}
}
