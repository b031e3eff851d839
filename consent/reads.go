package consent

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/meins-id/meins/internal/id"
)

// ReadLog says when the record of a read is durable.
type ReadLog int

// The ways to record reads. With both of them nothing is released where nothing can be recorded.
const (
	Gathered ReadLog = iota // within a second, many at once
	Strict                  // before the read is answered
)

// keepReads is how long the record of a read outlives its grant.
const keepReads = 365 * 24 * time.Hour

// Read is one line of what a vendor read under a grant: once, or several times within a second.
type Read struct {
	Time   time.Time // of the last one
	Kind   Kind
	Claims []string
	Count  uint64
}

// Reads lists what was read under a grant of the account, the newest first, from after the place
// before ("" is the start), and the next place ("" at the end). Gathered reads are seen within a
// second.
func (e *Engine) Reads(ctx context.Context, account id.Account, grant id.Grant, before string, limit int) ([]Read, string, error) {
	reads, next, err := e.db.readsOf(ctx, account, grant, before, limit)
	if err != nil {
		return nil, "", fmt.Errorf("list reads: %w", err)
	}
	return reads, next, nil
}

// read is one read that was permitted and waits to be recorded.
type read struct {
	grant  id.Grant
	kind   Kind
	claims []string
	at     time.Time
	keep   time.Time // until when the record is kept
}

// tally is one line to be recorded. Its id makes recording it twice the same as once.
type tally struct {
	read
	id    id.Receipt
	count uint64
}

func (r read) tally(entry id.Receipt) tally { return tally{read: r, id: entry, count: 1} }

// tallied is what reads must have in common to become one line.
type tallied struct {
	grant  id.Grant
	kind   Kind
	claims string
}

// gather turns reads into lines, in order of the grants.
func gather(reads []read) []tally {
	index := map[tallied]int{}
	var lines []tally
	for _, r := range reads {
		key := tallied{r.grant, r.kind, strings.Join(r.claims, " ")}
		i, ok := index[key]
		if !ok {
			index[key] = len(lines)
			lines = append(lines, r.tally(id.New[id.Receipt]()))
			continue
		}
		lines[i].count++
		if r.at.After(lines[i].at) {
			lines[i].at = r.at
		}
	}
	slices.SortStableFunc(lines, func(a, b tally) int { return cmp.Compare(a.grant, b.grant) })
	return lines
}
