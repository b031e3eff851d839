package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
)

// connectionsView is the list of all connections.
type connectionsView struct {
	Active, Past []grantView
	Grid         *gridView
}

// Any says whether there is anything to list.
func (v connectionsView) Any() bool { return len(v.Active)+len(v.Past) > 0 }

// grantView is a grant, or a refusal, as lists show it.
type grantView struct {
	ID                            id.Grant
	Vendor                        vendorView
	State, StateText              string
	Active, Read                  bool
	Holds, Held, Labels           string // the claims: in sentences of now and of before, and as words to search in
	Ends                          string
	Use                           string
	Continuous                    bool
	Given, Since, LastRead        time.Time
	GivenSort, ReadSort, EndsSort int64
}

// refusals is how many refusals the list shows.
const refusals = 50

func (w *Web) connections(out http.ResponseWriter, r *http.Request) error {
	s, ok, err := w.customer(out, r)
	if !ok {
		return err
	}
	p := w.newPage(r, "connections")
	p.Section, p.Account = "connections", string(s.Account)
	view, err := w.connectionsView(r.Context(), p.locale, s)
	if err != nil {
		return err
	}
	p.View = view
	return w.render(out, http.StatusOK, p)
}

func (w *Web) connectionsView(ctx context.Context, l *locale, s identity.Session) (connectionsView, error) {
	grants, err := w.o.Consent.Grants(ctx, s.Account)
	if err != nil {
		return connectionsView{}, fmt.Errorf("list connections: %w", err)
	}
	receipts, _, err := w.o.Consent.Receipts(ctx, s.Account, "", refusals)
	if err != nil {
		return connectionsView{}, fmt.Errorf("list refusals: %w", err)
	}
	var view connectionsView
	var active []consent.Grant
	for _, g := range grants {
		v := w.grantView(ctx, l, g)
		if v.Active {
			view.Active, active = append(view.Active, v), append(active, g)
			continue
		}
		view.Past = append(view.Past, v)
	}
	for _, receipt := range receipts {
		if receipt.Event == consent.EventRefused {
			view.Past = append(view.Past, w.refusalView(ctx, l, receipt))
		}
	}
	view.Grid = l.gridView(active)
	return view, nil
}

// grantView shows a grant in a language.
func (w *Web) grantView(ctx context.Context, l *locale, g consent.Grant) grantView {
	names := make([]string, 0, len(g.Claims))
	for _, c := range inOrder(g.Claims) {
		names = append(names, c.Name)
	}
	v := grantView{
		ID: g.ID, Vendor: w.vendorView(ctx, g.Party), State: g.State.String(), Active: g.State == consent.Given,
		Ends: l.Date(g.Ends), Use: use(g.Offline, g.Continuous), Continuous: g.Continuous,
		Given: g.Given, Since: g.Since, LastRead: g.LastRead, Read: !g.LastRead.IsZero(), Labels: l.words(names),
		GivenSort: g.Given.Unix(), EndsSort: g.Ends.Unix(),
	}
	v.StateText = l.T("state." + v.State)
	if g.Reason == "replaced" {
		v.StateText = l.T("state.replaced")
	}
	if v.Read {
		v.ReadSort = g.LastRead.Unix()
	}
	v.Held = l.T("connections.held", "claims", l.Claims(names))
	switch {
	case len(names) == 0:
		v.Holds, v.Held = l.T("connections.holds.nothing"), l.T("connections.held.nothing")
	case v.Active:
		v.Holds = l.T("connections.holds", "claims", l.Claims(names))
	}
	if !v.Active {
		v.Holds = v.Held
	}
	return v
}

// refusalView shows a refusal, which is no grant and has no page of its own.
func (w *Web) refusalView(ctx context.Context, l *locale, r consent.Receipt) grantView {
	names := make([]string, 0, len(r.Claims))
	for _, c := range inOrder(r.Claims) {
		names = append(names, c.Name)
	}
	return grantView{
		Vendor: w.vendorView(ctx, r.Party), State: consent.Refused.String(), StateText: l.T("state.refused"),
		Holds: l.T("connections.refused", "claims", l.Claims(names)), Labels: l.words(names),
		Given: r.Time, Since: r.Time, GivenSort: r.Time.Unix(),
	}
}

// words are the names of claims, to be searched.
func (l *locale) words(names []string) string {
	words := make([]string, len(names))
	for i, name := range names {
		words[i] = l.Claim(name)
	}
	return strings.Join(words, " ")
}

// gridView is who can read what: a seal for each claim and vendor.
type gridView struct {
	Vendors []string
	Rows    []gridRow
}

type gridRow struct {
	Label string
	Cells []bool
}

// gridView is worth drawing for two vendors and more.
func (l *locale) gridView(grants []consent.Grant) *gridView {
	if len(grants) < 2 {
		return nil
	}
	grid := &gridView{}
	for _, g := range grants {
		grid.Vendors = append(grid.Vendors, g.Party.Name)
	}
	for _, s := range sections {
		for _, name := range s.names {
			row, held := gridRow{Label: l.Claim(name)}, false
			for _, g := range grants {
				holds := hasClaim(g, name)
				row.Cells, held = append(row.Cells, holds), held || holds
			}
			if held {
				grid.Rows = append(grid.Rows, row)
			}
		}
	}
	return grid
}

func hasClaim(g consent.Grant, name string) bool {
	for _, c := range g.Claims {
		if c.Name == name {
			return true
		}
	}
	return false
}

// connectionView is one connection: what was agreed, and what was read.
type connectionView struct {
	Grant    grantView
	Claims   []claimView
	Declined string
	Reads    []readView
	Total    int
	More     string // where the next page of reads begins
}

type readView struct {
	Time        time.Time
	What, Times string
}

// readsPerPage is how many reads one page lists.
const readsPerPage = 50

func (w *Web) connection(out http.ResponseWriter, r *http.Request) error {
	s, ok, err := w.customer(out, r)
	if !ok {
		return err
	}
	g, err := w.o.Consent.Grant(r.Context(), s.Account, id.Grant(mux.Vars(r)["grant"]))
	if err != nil {
		return err
	}
	reads, more, err := w.o.Consent.Reads(r.Context(), s.Account, g.ID, r.URL.Query().Get("before"), readsPerPage)
	if err != nil {
		return err
	}
	p := w.newPage(r, "connection")
	p.Section, p.Account = "connections", string(s.Account)
	view := connectionView{
		Grant: w.grantView(r.Context(), p.locale, g), Declined: p.Claims(namesInOrder(g.Declined)), Total: int(g.Reads), More: more,
	}
	for _, c := range inOrder(g.Claims) {
		view.Claims = append(view.Claims, p.claimView(c))
	}
	for _, read := range reads {
		view.Reads = append(view.Reads, p.readView(read))
	}
	p.View = view
	return w.render(out, http.StatusOK, p)
}

func (l *locale) readView(r consent.Read) readView {
	v := readView{Time: r.Time, What: l.Claims(namesInOrder(r.Claims))}
	if len(r.Claims) == 0 {
		v.What = l.T("reads.nothing")
	}
	if r.Count > 1 {
		v.Times = l.T("reads.times", "n", r.Count)
	}
	return v
}
