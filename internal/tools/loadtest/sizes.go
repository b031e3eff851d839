package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"
)

// targetGrowth is by how much a large folder may be slower.
const targetGrowth = 0.15

// compareSizes measures UserInfo and login on a large folder against a small one, in turns. As many
// grants are in use on either side, so that the size alone makes the difference; -active asks for more
// than the small folder has, and so for more reads to record and fewer grants in memory.
func compareSizes(ctx context.Context, s settings, dir string, stdout io.Writer) (err error) {
	var sides []*side
	defer func() {
		for _, one := range sides {
			err = errors.Join(err, one.end())
		}
	}()
	var folders []*folder
	for _, accounts := range []int{smallAccounts, s.accounts} {
		begun := time.Now()
		f, err := fill(ctx, filepath.Join(dir, fmt.Sprint(accounts)), accounts, s.grants)
		if err != nil {
			return err
		}
		folders = append(folders, f)
		_, _ = fmt.Fprintf(stdout, "%d accounts with %d grants each, made in %.0f s\n", accounts, s.grants, time.Since(begun).Seconds())
	}
	if err := stepAside(ctx); err != nil {
		return err
	}
	for _, f := range folders { // not before all are filled: a server closes idle connections
		begun := time.Now()
		one, err := newSide(ctx, s, f)
		if err != nil {
			return err
		}
		sides = append(sides, one)
		more := s.active/s.connections - smallTokens
		if err := one.each(func(sh *shopper) error { return sh.collect(more) }); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(stdout, "  %d accounts: started, and tokens of %d grants fetched, in %.1f s\n",
			len(f.customers), max(s.active, smallTokens*s.connections), time.Since(begun).Seconds())
	}
	for _, o := range operations {
		if slices.Contains([]string{"UserInfo", "login check"}, o.name) {
			if err := compare(ctx, s, o, sides[0], sides[1], stdout); err != nil {
				return err
			}
		}
	}
	return nil
}

func compare(ctx context.Context, s settings, o operation, small, large *side, stdout io.Writer) error {
	var few, many []time.Duration
	var growth []float64
	for range s.rounds {
		a, err := small.measure(ctx, o)
		if err != nil {
			return err
		}
		b, err := large.measure(ctx, o)
		if err != nil {
			return err
		}
		few, many, growth = append(few, a.cpu), append(many, b.cpu), append(growth, float64(b.cpu)/float64(a.cpu)-1)
	}
	g := median(growth)
	_, err := fmt.Fprintf(stdout, "%s: %.4f ms CPU with few, %.4f with many, %+.0f %% (target under %.0f %%: %s)\n",
		o.name, ms(median(few)), ms(median(many)), 100*g, 100*targetGrowth, verdict(g < targetGrowth))
	return err
}
