package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// gathered is when a read that was just answered is on disk for sure.
const gathered = 1300 * time.Millisecond

// side is one process that is measured, and who sends to it.
type side struct {
	*process
	metrics  string // address; empty for the bare handler
	shoppers []*shopper
}

// window is one measured stretch.
type window struct {
	cpu     time.Duration // of the process, for one operation
	wall    time.Duration // for one operation of all connections together
	commits float64       // to disk, for one operation
	all     float64       // commits altogether
}

// measure sends an operation count times and reads the clocks before and after.
func (s *side) measure(ctx context.Context, o operation) (w window, err error) {
	each := o.count / len(s.shoppers)
	if o.prepare != nil {
		if err := s.each(func(sh *shopper) error { return o.prepare(sh, each) }); err != nil {
			return w, fmt.Errorf("prepare %s: %w", o.name, err)
		}
	}
	commits, err := s.commits(ctx)
	if err != nil {
		return w, err
	}
	cpu, err := s.cpu()
	if err != nil {
		return w, err
	}
	begun := time.Now()
	if err := s.each(func(sh *shopper) error { return repeat(ctx, each, sh, o.do) }); err != nil {
		return w, fmt.Errorf("%s: %w", o.name, err)
	}
	wall := time.Since(begun)
	if o.reads && s.metrics != "" {
		time.Sleep(gathered)
	}
	after, err := s.cpu()
	if err != nil {
		return w, err
	}
	committed, err := s.commits(ctx)
	n := each * len(s.shoppers)
	return window{
		cpu: (after - cpu) / time.Duration(n), wall: wall / time.Duration(n),
		commits: (committed - commits) / float64(n), all: committed - commits,
	}, err
}

func repeat(ctx context.Context, n int, s *shopper, do func(*shopper) error) error {
	for range n {
		if err := errors.Join(ctx.Err(), do(s)); err != nil {
			return err
		}
	}
	return nil
}

func (s *side) each(do func(*shopper) error) error {
	return together(len(s.shoppers), len(s.shoppers), func(i int) error { return do(s.shoppers[i]) })
}

// commits reads the server's own count of commits to disk.
func (s *side) commits(ctx context.Context) (float64, error) {
	if s.metrics == "" {
		return 0, nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.metrics+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "meins_store_commits_total "); ok {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, errors.New("the server does not count commits")
}

// figure is what was measured of one operation.
type figure struct {
	operation
	windows []window
	ratios  []float64 // to the bare handler's windows just before and just after
}

// measureAll measures every operation against the bare handler, in turns.
func measureAll(ctx context.Context, s settings, dir string, stdout io.Writer) (err error) {
	data := filepath.Join(dir, "data")
	f, err := fill(ctx, data, smallAccounts, s.grants)
	if err != nil {
		return err
	}
	if err := stepAside(ctx); err != nil {
		return err
	}
	starts, err := measureStarts(ctx, s, data)
	if err != nil {
		return err
	}
	server, err := newSide(ctx, s, f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.end()) }()
	plain, err := newBareSide(ctx, dir, server)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, plain.end()) }()
	figures, err := rounds(ctx, s, plain, server)
	if err != nil {
		return err
	}
	_, starts.loaded, err = server.resident()
	return errors.Join(err, report(stdout, s, figures, starts))
}

// rounds takes turns: the bare handler, an operation, the bare handler, the next, the bare handler.
func rounds(ctx context.Context, s settings, plain, server *side) ([]*figure, error) {
	figures := []*figure{{operation: bare}}
	for _, o := range operations {
		if s.only.MatchString(o.name) {
			figures = append(figures, &figure{operation: o})
		}
	}
	before, err := plain.measure(ctx, bare)
	if err != nil {
		return nil, err
	}
	for range s.rounds {
		for _, f := range figures[1:] {
			w, err := server.measure(ctx, f.operation)
			if err != nil {
				return nil, err
			}
			after, err := plain.measure(ctx, bare)
			if err != nil {
				return nil, err
			}
			figures[0].windows = append(figures[0].windows, after)
			f.windows = append(f.windows, w)
			f.ratios = append(f.ratios, 2*float64(w.cpu)/float64(before.cpu+after.cpu))
			before = after
		}
	}
	return figures, nil
}

// smallTokens is how many access tokens a shopper uses in turn.
const smallTokens = 64

// newSide starts a server on a folder, with shoppers that have tokens.
func newSide(ctx context.Context, s settings, f *folder) (*side, error) {
	p, metrics, err := startServer(ctx, s.server, f.dir)
	if err != nil {
		return nil, err
	}
	one := &side{process: p, metrics: metrics}
	if one.shoppers, err = newShoppers(ctx, p.addr, f, s.connections); err == nil {
		err = one.each(func(sh *shopper) error { return sh.collect(smallTokens) })
	}
	if err != nil {
		return nil, errors.Join(err, one.end())
	}
	return one, nil
}

// newBareSide starts the bare handler; its shoppers send the same tokens.
func newBareSide(ctx context.Context, dir string, like *side) (*side, error) {
	p, err := startBare(ctx, dir)
	if err != nil {
		return nil, err
	}
	one := &side{process: p}
	for _, other := range like.shoppers {
		c, err := dial(ctx, p.addr)
		if err != nil {
			return nil, errors.Join(err, one.end())
		}
		one.shoppers = append(one.shoppers, &shopper{connection: c, tokens: other.tokens})
	}
	return one, nil
}

func (s *side) end() error {
	closeAll(s.shoppers)
	return s.stop()
}

// starts is what starting a server takes.
type starts struct {
	ready     []time.Duration // from exec to the first 204 of /readyz
	own, idle int64           // bytes resident, at rest
	loaded    int64           // after the measurements
}

// settled is how long a server rests before its memory is read.
const settled = 2 * time.Second

func measureStarts(ctx context.Context, s settings, data string) (st *starts, err error) {
	st = &starts{}
	for i := range s.starts {
		begun := time.Now()
		p, _, err := startServer(ctx, s.server, data)
		if err != nil {
			return nil, err
		}
		st.ready = append(st.ready, time.Since(begun))
		if i == s.starts-1 {
			time.Sleep(settled)
			st.own, st.idle, err = p.resident()
		}
		if err := errors.Join(err, p.stop()); err != nil {
			return nil, err
		}
	}
	return st, nil
}

// median of what was measured; noise comes in outliers.
func median[T time.Duration | float64](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
