package identity

import (
	"context"
	"time"
)

// KeyAhead is how long keys are published, and known to every node, before the schedule lets them sign.
const KeyAhead = 24 * time.Hour

// Tend keeps the keys to a schedule: one day before the current ones have served their time the next
// ones are published, and then they take over. Call it often; mostly it looks at the clock and does
// nothing. With every zero no keys are made, and those that were announced still take over.
func (k *Keyring) Tend(ctx context.Context, every time.Duration) error {
	now, r := k.now(), k.ring.Load()
	ahead := min(KeyAhead, every/2)
	switch {
	case !r.begins.IsZero() && !now.Before(r.begins):
		return k.changeRing(ctx, func(r ringRecord) (ringRecord, error) {
			if r.Next == nil || now.Unix() < r.Next.Begins {
				return r, nil // another node was faster
			}
			return r.promoted(now), nil
		})
	case r.begins.IsZero() && every > 0 && !now.Before(r.rotated.Add(every-ahead)):
		return k.announce(ctx, later(r.rotated.Add(every), now.Add(ahead)), r.revision)
	}
	return nil
}

// Announce publishes new keys that take over after a while. Keys that are next already stay, and so
// does their time.
func (k *Keyring) Announce(ctx context.Context, ahead time.Duration) error {
	if err := k.Refresh(ctx); err != nil {
		return err
	}
	return k.announce(ctx, k.now().Add(ahead), k.ring.Load().revision)
}

// announce does nothing to a ring that somebody else has changed meanwhile.
func (k *Keyring) announce(ctx context.Context, begins time.Time, revision uint64) error {
	fresh, err := newRotating(k.now()) // outside the transaction, which may run more than once
	if err != nil {
		return err
	}
	return k.changeRing(ctx, func(r ringRecord) (ringRecord, error) {
		if r.Next != nil || r.Revision != revision {
			return r, nil
		}
		r.Revision++
		r.Next = &nextRecord{Begins: begins.Unix(), Tokens: fresh.Tokens, Flows: fresh.Flows, Signing: fresh.Signing}
		return r, nil
	})
}

// promoted lets the next keys take over.
func (r ringRecord) promoted(now time.Time) ringRecord {
	next := ringRecord{Tokens: r.Next.Tokens, Flows: r.Next.Flows, Signing: r.Next.Signing}
	r.Next = nil
	return r.rotated(next, now)
}

// since is when the current keys came into use, in seconds.
func (r ringRecord) since() int64 {
	if r.Rotated != 0 || len(r.Tokens) == 0 {
		return r.Rotated
	}
	return r.Tokens[0].Created
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
