package consent

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

// Options of New.
type Options struct {
	Store store.Store
	Now   func() time.Time // nil means time.Now
	// ReadLog says when a read is durable: within a second, or before its answer.
	ReadLog ReadLog
	// Log hears when reads can no longer be recorded, and when they can again; nil means nobody.
	Log *slog.Logger
}

// Engine keeps grants, and everything that depends on them. Its methods may be called from any
// goroutine, and several engines may share one store.
type Engine struct {
	db     *database
	now    func() time.Time
	strict bool
	reads  *readLog
}

// New starts an engine; Close ends it.
func New(o Options) *Engine {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	db := &database{Store: o.Store, cache: newCache(cachedGrants)}
	return &Engine{
		db:     db,
		now:    o.Now,
		strict: o.ReadLog == Strict,
		reads:  startReadLog(db.recordReads, o.Log),
	}
}

// Close writes the reads that are not on disk yet, and fails when that is not possible before ctx
// ends. Nothing is permitted afterwards. The store stays open.
func (e *Engine) Close(ctx context.Context) error { return e.reads.close(ctx) }

// Grants lists all grants of an account, in force or not, the newest first.
func (e *Engine) Grants(ctx context.Context, account id.Account) ([]Grant, error) {
	grants, err := e.db.grantsOf(ctx, account, e.now())
	if err != nil {
		return nil, fmt.Errorf("list grants: %w", err)
	}
	return grants, nil
}

// Grant finds a grant of the account; that of another account is ErrNoGrant. Its lists are shared with
// other callers: nobody writes to them.
func (e *Engine) Grant(ctx context.Context, account id.Account, grant id.Grant) (Grant, error) {
	g, err := e.db.grantOf(ctx, account, grant, e.now())
	if err != nil {
		return Grant{}, fmt.Errorf("grant: %w", err)
	}
	return g, nil
}

// InForce finds the grant that the account gave to the vendor and that is in force; ErrNoGrant when
// there is none. Its lists are shared with other callers: nobody writes to them.
func (e *Engine) InForce(ctx context.Context, account id.Account, client id.Client) (Grant, error) {
	g, err := e.db.grantInForce(ctx, account, client, e.now())
	if err != nil {
		return Grant{}, fmt.Errorf("grant in force: %w", err)
	}
	return g, nil
}

// Live says whether a grant of the vendor is in force: nil, ErrNoGrant, ErrWithdrawn or ErrExpired.
// It permits nothing.
func (e *Engine) Live(ctx context.Context, grant id.Grant, client id.Client) error {
	_, err := e.live(ctx, grant, client)
	return err
}

func (e *Engine) live(ctx context.Context, grant id.Grant, client id.Client) (g Grant, err error) {
	err = e.db.View(ctx, func(r store.Reader) error {
		if g, err = e.db.lifeOf(r, grant); err != nil {
			return fmt.Errorf("live: %w", err)
		}
		if refusal := denies(client, &g, e.now()); refusal != ReasonNone {
			return refusal.fault()
		}
		return nil
	})
	return g, err
}

// fault is what a read is refused with for this reason.
func (r Reason) fault() *fault.Error {
	switch r {
	case ReasonWithdrawn:
		return ErrWithdrawn
	case ReasonExpired:
		return ErrExpired
	case ReasonPaused:
		return ErrPaused
	case ReasonEachTime, ReasonParty, ReasonKey, ReasonPart, ReasonOffline, ReasonContinuous, ReasonNewClaim, ReasonRequired, ReasonPurpose,
		ReasonRetention, ReasonRecipients, ReasonTerms:
		return ErrNotGranted
	case ReasonNone, ReasonNoGrant, ReasonOtherClient:
	}
	return ErrNoGrant
}
