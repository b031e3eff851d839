package consent

import (
	"context"
	"time"

	"github.com/meins-id/meins/internal/id"
)

// Recorded writes a read of each grant at a moment, as the log of reads does with what it gathered.
func (e *Engine) Recorded(ctx context.Context, grants []Grant, at time.Time, claims ...string) error {
	var reads []read
	for _, g := range grants {
		reads = append(reads, read{grant: g.ID, kind: KindUserInfo, claims: claims, at: at, keep: g.Ends.Add(keepReads)})
	}
	var lines []tally
	for _, r := range reads {
		lines = append(lines, r.tally(id.New[id.Receipt]()))
	}
	_, err := e.db.recordReads(ctx, lines)
	return err
}
