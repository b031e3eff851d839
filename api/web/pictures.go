package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/meins-id/meins/api/web/picture"
	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
)

// picturesView is what can be seen at a glance: who knows what, and when it was read.
type picturesView struct {
	Grid     *gridView
	Timeline *timelineView
}

// gridView is who can read what, as a picture and as the table beside it.
type gridView struct {
	picture.Grid
	Vendors []string
	Rows    []picture.Known
}

// timelineView is reads over time, as a picture and as a table.
type timelineView struct {
	picture.Timeline
	Weeks   []string
	Readers []picture.Reader
	Reads   int
}

// weeks is how many of them the pictures show: a quarter of a year.
const weeks = 13

func (w *Web) pictures(out http.ResponseWriter, r *http.Request) error {
	s, ok, err := w.customer(out, r)
	if !ok {
		return err
	}
	grants, err := w.o.Consent.Grants(r.Context(), s.Account)
	if err != nil {
		return fmt.Errorf("list connections: %w", err)
	}
	p := w.newPage(r, "pictures")
	p.Section, p.Account = "connections", string(s.Account)
	view := picturesView{Grid: p.gridView(grants)}
	if view.Timeline, err = w.timeline(r.Context(), p.locale, s, grants...); err != nil {
		return err
	}
	p.View = view
	return w.render(out, http.StatusOK, p)
}

// gridView draws a column for each vendor, whatever number of grants it had.
func (l *locale) gridView(grants []consent.Grant) *gridView {
	vendors, marks := map[id.Client]int{}, []map[string]picture.Mark{}
	grid := &gridView{}
	for _, g := range grants {
		i, known := vendors[g.Party.Client]
		if !known {
			i = len(marks)
			vendors[g.Party.Client] = i
			marks = append(marks, map[string]picture.Mark{})
			grid.Vendors = append(grid.Vendors, g.Party.Name)
		}
		for _, c := range g.Claims {
			mark := picture.Past
			if g.State == consent.Given {
				mark = picture.Open
			}
			marks[i][c.Name] = max(marks[i][c.Name], mark)
		}
		for _, back := range g.Taken {
			marks[i][back.Claim] = max(marks[i][back.Claim], picture.Past)
		}
	}
	for _, name := range held(marks) {
		row := picture.Known{Name: l.Claim(name)}
		for _, of := range marks {
			row.Marks = append(row.Marks, of[name])
		}
		grid.Rows = append(grid.Rows, row)
	}
	if len(grid.Rows) == 0 {
		return nil
	}
	grid.Grid = picture.NewGrid(grid.Vendors, grid.Rows)
	return grid
}

// held are the names that somebody knows or knew, in the order in which people think of them.
func held(marks []map[string]picture.Mark) []string {
	var names []string
	for _, of := range marks {
		for name := range of {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return namesInOrder(names)
}

// Is says which mark stands in a cell of the table.
func (l *locale) Is(m picture.Mark) string {
	switch m {
	case picture.Open:
		return l.T("grid.yes")
	case picture.Past:
		return l.T("grid.past")
	case picture.Never:
	}
	return l.T("grid.no")
}

// timeline counts the reads of each vendor by week; nil when there are none.
func (w *Web) timeline(ctx context.Context, l *locale, s identity.Session, grants ...consent.Grant) (*timelineView, error) {
	first := monday(w.o.Now()).AddDate(0, 0, -7*(weeks-1))
	view := &timelineView{}
	index := map[id.Client]int{}
	for _, g := range grants {
		if g.LastRead.Before(first) {
			continue
		}
		i, known := index[g.Party.Client]
		if !known {
			i = len(view.Readers)
			index[g.Party.Client] = i
			view.Readers = append(view.Readers, picture.Reader{Name: g.Party.Name, Counts: make([]int, weeks)})
		}
		if err := w.countReads(ctx, s.Account, g.ID, first, view.Readers[i].Counts); err != nil {
			return nil, err
		}
	}
	for i := range weeks {
		view.Weeks = append(view.Weeks, l.Day(first.AddDate(0, 0, 7*i)))
	}
	for _, r := range view.Readers {
		for _, n := range r.Counts {
			view.Reads += n
		}
	}
	if view.Reads == 0 {
		return nil, nil
	}
	view.Timeline = picture.NewTimeline(view.Weeks, view.Readers)
	return view, nil
}

// countReads adds the reads of a grant to its weeks, the first of which begins at first.
func (w *Web) countReads(ctx context.Context, account id.Account, grant id.Grant, first time.Time, counts []int) error {
	for before := ""; ; {
		reads, next, err := w.o.Consent.Reads(ctx, account, grant, before, atOnce)
		if err != nil {
			return fmt.Errorf("count reads: %w", err)
		}
		for _, r := range reads {
			if r.Time.Before(first) {
				return nil
			}
			week := int(r.Time.Sub(first) / (7 * 24 * time.Hour))
			counts[min(week, len(counts)-1)] += int(r.Count)
		}
		if before = next; before == "" {
			return nil
		}
	}
}

// monday is the beginning of the week.
func monday(now time.Time) time.Time {
	day := now.UTC().Truncate(24 * time.Hour)
	return day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
}

func (w *Web) addTimeline(ctx context.Context, l *locale, s identity.Session, g consent.Grant, view *connectionView) (err error) {
	view.Timeline, err = w.timeline(ctx, l, s, g)
	return err
}
