package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"
)

// Targets of what is no ratio.
const (
	targetReady = 150 * time.Millisecond
	targetIdle  = 60 << 20
)

// report prints the table: ratios first, because they hold elsewhere too.
func report(stdout io.Writer, s settings, figures []*figure, st *starts) error {
	_, _ = fmt.Fprintf(stdout, "server CPU of one operation, %d connections, %d rounds, median; %s, %d cores\n\n",
		s.connections, s.rounds, runtime.Version(), runtime.NumCPU())
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(w, "operation\t× bare\ttarget\t\tms CPU\tleast\toperations/s\tcommits/op\t")
	for _, f := range figures {
		_, _ = fmt.Fprintln(w, f.row())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	ready := median(st.ready)
	_, err := fmt.Fprintf(stdout, "\nready after %.0f ms (target %.0f: %s), %.0f MB resident at rest, %.0f of them its own (target %d: %s), %.0f after the load\n",
		ms(ready), ms(targetReady), verdict(ready <= targetReady),
		mb(st.idle), mb(st.own), targetIdle>>20, verdict(st.idle <= targetIdle), mb(st.loaded))
	return err
}

func (f *figure) row() string {
	cpu, wall, commits, all := []time.Duration{}, []time.Duration{}, []float64{}, 0.0
	for _, w := range f.windows {
		cpu, wall, commits, all = append(cpu, w.cpu), append(wall, w.wall), append(commits, w.commits), all+w.all
	}
	ratio, target, met := 1.0, "", ""
	if len(f.ratios) > 0 {
		ratio = median(f.ratios)
	}
	if f.target > 0 {
		target, met = fmt.Sprintf("%g", f.target), verdict(ratio <= f.target)
	}
	written := fmt.Sprintf("%.3f", median(commits))
	if all == 0 {
		written = "none"
	}
	return fmt.Sprintf("%s\t%.2f\t%s\t%s\t%.4f\t%.4f\t%.0f\t%s\t", f.name, ratio, target, met, ms(median(cpu)), ms(slices.Min(cpu)), 1/median(wall).Seconds(), written)
}

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "MISSED"
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
func mb(n int64) float64         { return float64(n) / (1 << 20) }
