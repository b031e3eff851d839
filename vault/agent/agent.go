package agent

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// Transport carries one call of the consent REST API: path is below its base ("/vault"), in becomes
// the JSON body unless it is nil, the answer's JSON goes into out unless that is nil. It keeps the
// session's cookie. A refusal comes back as a *Problem. It must serve concurrent calls.
type Transport interface {
	Do(ctx context.Context, method, path string, in, out any) error
}

// Keeper keeps what survives between two agents of the same customer on the same machine. Loading
// what was never saved gives the zero Kept.
type Keeper interface {
	Load(ctx context.Context) (Kept, error)
	Save(ctx context.Context, kept Kept) error
}

// Kept is what a Keeper keeps. It holds no key in the clear: Wrapped opens only with the share that
// the server gives to the session.
type Kept struct {
	Account id.Account `json:"account,omitempty"`
	Session id.Session `json:"session,omitempty"`
	Wrapped []byte     `json:"wrapped,omitempty"`
	Highest uint64     `json:"highest,omitempty"` // revision of the vault that was seen
	// The newest receipt that was seen, by which all before it are fixed: its number and its hash.
	Receipt     uint64 `json:"receipt,omitempty"`
	ReceiptHash string `json:"receipt_hash,omitempty"`
	Head        string `json:"head,omitempty"` // the same, signed by the server: proof of what it said
}

// Options say what an agent works with. All are needed.
type Options struct {
	Transport Transport
	Keeper    Keeper
	Now       func() time.Time
}

// Agent acts for one customer at a time. Its methods may be called concurrently; one works at a
// time.
type Agent struct {
	transport Transport
	keeper    Keeper
	now       func() time.Time

	mu      sync.Mutex
	session *Session  // nil: not asked yet, or nobody is signed in
	key     vault.Key // zero: locked
	login   string    // known after a login with this agent; nobody keeps it
	pending pending
	reviews map[string]review // by flow: what the customer was shown
}

// errOptions is a mistake in the program.
var errOptions = errors.New("agent: transport, keeper and clock are needed")

// New makes an agent that has not asked anything yet.
func New(o Options) (*Agent, error) {
	if o.Transport == nil || o.Keeper == nil || o.Now == nil {
		return nil, errOptions
	}
	return &Agent{transport: o.Transport, keeper: o.Keeper, now: o.Now, reviews: map[string]review{}}, nil
}

// String hides what the agent holds.
func (*Agent) String() string { return redacted }

// GoString hides what the agent holds.
func (*Agent) GoString() string { return redacted }
