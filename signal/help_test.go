package signal

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/identitytest"
	"github.com/meins-id/meins/internal/egress"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/outbox"
	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/internal/store/bolt"
)

const issuer = "http://127.0.0.1:8440"

// world is a transmitter on a store of its own, with a vendor and a clock.
type world struct {
	*Transmitter
	db     store.Store
	vendor identity.Vendor
	log    *strings.Builder

	mu  sync.Mutex
	now time.Time
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), log: &strings.Builder{}}
	db, err := bolt.Open(filepath.Join(t.TempDir(), "db"), bolt.Options{Now: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	keys, _ := identitytest.OpenKeyring(t, db, w.clock)
	vendors := identity.NewVendors(db, keys, w.clock)
	w.vendor, _, err = vendors.Add(t.Context(), identity.Vendor{
		Name: "Flowers", RedirectURIs: []string{"https://flowers.example/cb"}, SigningAlg: "ES256",
	})
	if err != nil {
		t.Fatal(err)
	}
	w.db = db
	w.Transmitter = w.node(keys, vendors)
	return w
}

// node is one process on the store.
func (w *world) node(keys *identity.Keyring, vendors *identity.Vendors) *Transmitter {
	return New(Options{
		Issuer: issuer, Store: w.db, Keys: keys, Vendors: vendors, Now: w.clock,
		Subject: func(v identity.Vendor, a id.Account, p id.Persona) string {
			return keys.PairwiseSub(string(a), string(p), v.Sector())
		},
		Out: egress.New(egress.Options{Loopback: true, Timeout: 5 * time.Second}),
		Log: slog.New(slog.NewTextHandler(w.log, nil)),
	})
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// listens gives the vendor a stream.
func (w *world) listens(t *testing.T, c Config) Stream {
	t.Helper()
	s, err := w.Create(t.Context(), w.vendor.ID, c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const (
	account = id.Account("aaaaaaaaaaaaaaaaaaaaaaaaaa")
	persona = id.Persona("pppppppppppppppppppppppppp")
	grant   = id.Grant("gggggggggggggggggggggggggg")
)

// happens writes an event as consent would.
func (w *world) happens(t *testing.T, kind outbox.Kind, claims ...string) outbox.Event {
	t.Helper()
	e := outbox.Event{
		ID: id.New[id.Event](), Kind: kind, Time: w.Transmitter.now(), Account: account, Persona: persona, Grant: grant, Claims: claims,
	}
	if err := w.db.Update(t.Context(), func(tx store.Tx) error { return outbox.Put(tx, w.vendor.ID, e) }); err != nil {
		t.Fatal(err)
	}
	return e
}

// pushed runs one round, and waits for it.
func (w *world) pushed(t *testing.T, nodes ...*Transmitter) {
	t.Helper()
	var all sync.WaitGroup
	for _, n := range append(nodes, w.Transmitter) {
		n.round(t.Context(), &all)
	}
	all.Wait()
}

// told is what the customer sees.
func (w *world) told(t *testing.T) []outbox.Told {
	t.Helper()
	var all []outbox.Told
	if err := w.db.View(t.Context(), func(r store.Reader) (err error) {
		all, _, err = outbox.ToldUnder(r, grant, "", 100)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(all) // the oldest first
	return all
}

// receiver is a vendor's server.
type receiver struct {
	*httptest.Server

	mu     sync.Mutex
	status int
	body   string
	seen   []string
	heads  []http.Header
}

func newReceiver(t testing.TB) *receiver {
	t.Helper()
	r := &receiver{status: http.StatusAccepted}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		text, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.seen, r.heads = append(r.seen, string(text)), append(r.heads, q.Header)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(r.status)
		_, _ = io.WriteString(w, r.body)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answers(status int, body string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status, r.body = status, body
}

// took gives what has come so far.
func (r *receiver) took() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}

// opened checks a token as a vendor would, and gives what it says.
func (w *world) opened(t *testing.T, text string) set {
	t.Helper()
	signed, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatalf("not a signed token: %v", err)
	}
	if typ := signed.Headers[0].ExtraHeaders[jose.HeaderType]; typ != "secevent+jwt" {
		t.Errorf("typ is %v", typ)
	}
	for _, k := range w.o.Keys.PublicKeys() {
		if k.KeyID != signed.Headers[0].KeyID {
			continue
		}
		var s set
		if err := signed.Claims(k.Key, &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	t.Fatal("signed with a key that nobody published")
	return set{}
}

// payloadOf is what an event of this kind says.
func payloadOf(t *testing.T, s set, kind outbox.Kind) map[string]any {
	t.Helper()
	p, ok := s.Events[uris[kind]]
	if !ok || len(s.Events) != 1 {
		all, _ := json.Marshal(s.Events)
		t.Fatalf("not a %s: %s", kind, all)
	}
	return p
}

// bytesOf is everything that lies in the store.
func (w *world) bytesOf(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	if err := w.db.View(context.Background(), func(r store.Reader) error {
		items, err := r.Scan("", "", 100000)
		for _, item := range items {
			all.WriteString(item.Key)
			all.Write(item.Value)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// always is a change that says the same whatever there is.
func always(c Config) func(Stream) (Config, error) {
	return func(Stream) (Config, error) { return c, nil }
}
