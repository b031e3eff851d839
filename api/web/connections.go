package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/id"
)

// connectionsView is the list of all connections. What it is searched for and sorted by is in the
// address, so that it works without a script; with one it works while one types.
type connectionsView struct {
	Find, Sort string
	Sorts      []string
	Groups     []groupView
	Nothing    bool // fits the search
	Reminder   reminderView
}

// Any says whether there is anything to list.
func (v connectionsView) Any() bool { return len(v.Groups) > 0 }

// groupView is the connections in one state.
type groupView struct {
	Key   string
	Count int
	Rows  []grantView
}

// grantView is a grant, or a refusal, as lists show it.
type grantView struct {
	ID                            id.Grant
	Link                          string
	Vendor                        vendorView
	Persona                       id.Persona
	State, StateText              string
	Active, Paused, Read          bool
	Holds, Held, Labels           string // the claims: in sentences of now and of before, and as words to search in
	Ends                          string
	Use                           string
	Continuous                    bool
	Given, Since, LastRead        time.Time
	GivenSort, ReadSort, EndsSort int64
	Hidden                        bool // it does not fit the search
	Waits                         *waitingView
}

// waitingView is what is special of a row that waits for an answer: Link leads to the consent screen.
type waitingView struct {
	ID       id.Request
	Digest   string
	Purposes []string // what for, as the vendor says it
	Until    string   // how long it can be answered
}

// groups are the lists in their order, by the states in them.
var groups = []struct {
	key    string
	states []consent.State
}{
	{"pending", []consent.State{consent.Requested}},
	{"active", []consent.State{consent.Given}},
	{"expired", []consent.State{consent.Expired}},
	{"withdrawn", []consent.State{consent.Withdrawn, consent.Revoked}},
	{"refused", []consent.State{consent.Refused}},
}

type order struct {
	key     string
	compare func(a, b grantView) int
}

// orders are the ways to sort. What sorts by time puts the newest first, but for ends: what ends soonest.
var orders = []order{
	{"given", func(a, b grantView) int { return cmp.Compare(b.GivenSort, a.GivenSort) }},
	{"read", func(a, b grantView) int { return cmp.Compare(b.ReadSort, a.ReadSort) }},
	{"name", func(a, b grantView) int {
		return cmp.Compare(strings.ToLower(a.Vendor.Name), strings.ToLower(b.Vendor.Name))
	}},
	{"ends", func(a, b grantView) int { return cmp.Compare(a.EndsSort, b.EndsSort) }},
}

// maxFind is the longest search.
const maxFind = 100

func (w *Web) connections(out http.ResponseWriter, r *http.Request) error {
	s, ok, err := w.customer(out, r)
	if !ok {
		return err
	}
	p := w.newPage(r, "connections")
	p.Section, p.Account, p.Searches = "connections", string(s.Account), true
	rows, err := w.everyConnection(r.Context(), p.locale, s)
	if err != nil {
		return err
	}
	find := strings.TrimSpace(r.URL.Query().Get("find"))
	if len(find) > maxFind {
		find = ""
	}
	view := arranged(rows, find, r.URL.Query().Get("sort"))
	if view.Reminder, err = w.reminder(r.Context(), p.locale, s.Account); err != nil {
		return err
	}
	p.View = view
	return w.render(out, http.StatusOK, p)
}

// everyConnection lists grants in any state, and refusals, which are no grants.
func (w *Web) everyConnection(ctx context.Context, l *locale, s identity.Session) ([]grantView, error) {
	grants, err := w.o.Consent.Grants(ctx, s.Account)
	if err != nil {
		return nil, fmt.Errorf("list connections: %w", err)
	}
	receipts, err := w.receiptsOf(ctx, s.Account)
	if err != nil {
		return nil, err
	}
	rows, err := w.waiting(ctx, l, s.Account)
	if err != nil {
		return nil, err
	}
	for _, g := range grants {
		rows = append(rows, w.grantView(ctx, l, g))
	}
	said := map[string]bool{}
	for _, receipt := range receipts {
		// A refusal that was repeated is one; the newest comes first.
		if receipt.Event != consent.EventRefused || said[receipt.Digest] {
			continue
		}
		said[receipt.Digest] = true
		rows = append(rows, w.refusalView(ctx, l, receipt))
	}
	return rows, nil
}

// arranged searches, sorts and groups. What does not fit the search stays in the page, hidden, for the
// next letter that is typed.
func arranged(rows []grantView, find, sort string) connectionsView {
	by := orders[max(slices.IndexFunc(orders, func(o order) bool { return o.key == sort }), 0)]
	slices.SortStableFunc(rows, by.compare)
	view := connectionsView{Find: find, Sort: by.key, Nothing: len(rows) > 0}
	for _, o := range orders {
		view.Sorts = append(view.Sorts, o.key)
	}
	words := strings.Fields(strings.ToLower(find))
	for _, group := range groups {
		g := groupView{Key: group.key}
		for _, row := range rows {
			if !slices.ContainsFunc(group.states, func(s consent.State) bool { return s.String() == row.State }) {
				continue
			}
			text := strings.ToLower(row.Vendor.Name + " " + row.Vendor.Domain + " " + row.Labels)
			row.Hidden = slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(text, word) })
			view.Nothing = view.Nothing && row.Hidden
			g.Count++
			g.Rows = append(g.Rows, row)
		}
		if g.Count > 0 {
			view.Groups = append(view.Groups, g)
		}
	}
	return view
}

// A page looks through no more decisions than these, some at once.
const (
	maxReceipts = 5000
	atOnce      = 200
)

// receiptsOf lists the account's decisions, the newest first.
func (w *Web) receiptsOf(ctx context.Context, account id.Account) ([]consent.Receipt, error) {
	var all []consent.Receipt
	for before := ""; ; {
		some, next, err := w.o.Consent.Receipts(ctx, account, before, atOnce)
		if err != nil {
			return nil, fmt.Errorf("list decisions: %w", err)
		}
		all = append(all, some...)
		if before = next; before == "" || len(all) >= maxReceipts {
			return all, nil
		}
	}
}

// grantView shows a grant in a language.
func (w *Web) grantView(ctx context.Context, l *locale, g consent.Grant) grantView {
	names := namesInOrder(consent.Names(g.Claims))
	v := grantView{
		ID: g.ID, Link: "/connections/" + string(g.ID), Vendor: w.vendorView(ctx, g.Party), Persona: g.Persona, State: g.State.String(),
		Active: g.State == consent.Given, Paused: g.State == consent.Given && g.Paused,
		Ends: l.Date(g.Ends), Use: use(g.Offline, g.Continuous), Continuous: g.Continuous,
		Given: g.Given, Since: g.Since, LastRead: g.LastRead, Read: !g.LastRead.IsZero(), Labels: l.words(names),
		GivenSort: g.Given.Unix(), EndsSort: g.Ends.Unix(),
	}
	if g.Once {
		v.Use = "use.once-only"
	}
	v.StateText = l.T("state." + v.State)
	if g.Reason == "replaced" || g.Reason == "used" {
		v.StateText = l.T("state." + g.Reason)
	}
	if v.Read {
		v.ReadSort = g.LastRead.Unix()
	}
	v.Held = l.T("connections.held", "claims", l.Claims(names))
	switch {
	case len(names) == 0:
		v.Holds, v.Held = l.T("connections.holds.nothing"), l.T("connections.held.nothing")
	case v.Paused:
		v.Holds = l.T("connections.holds.paused", "claims", l.Claims(names))
	case v.Active:
		v.Holds = l.T("connections.holds", "claims", l.Claims(names))
	}
	if !v.Active {
		v.Holds = v.Held
	}
	return v
}

// refusalView shows a refusal: its page is its receipt.
func (w *Web) refusalView(ctx context.Context, l *locale, r consent.Receipt) grantView {
	names := namesInOrder(consent.Names(r.Claims))
	v := grantView{
		Link: receiptLink(r.Seq), Vendor: w.vendorView(ctx, r.Party), State: consent.Refused.String(), StateText: l.T("state.refused"),
		Holds: l.T("connections.refused", "claims", l.Claims(names)), Labels: l.words(names),
		Given: r.Time, Since: r.Time, GivenSort: r.Time.Unix(), EndsSort: r.Time.Unix(),
	}
	if len(names) == 0 {
		v.Holds = l.T("connections.refused.nothing")
	}
	return v
}

// waiting lists what vendors asked for later.
func (w *Web) waiting(ctx context.Context, l *locale, account id.Account) ([]grantView, error) {
	all, err := w.o.Provider.Waiting(ctx, account)
	if err != nil {
		return nil, fmt.Errorf("list what waits: %w", err)
	}
	var rows []grantView
	for _, one := range all {
		rows = append(rows, w.waitingRow(ctx, l, one))
	}
	return rows, nil
}

// waitingRow says who asks for what, what for, and until when.
func (w *Web) waitingRow(ctx context.Context, l *locale, one provider.Later) grantView {
	names := namesInOrder(consent.Names(one.Ask.Claims))
	v := grantView{
		Link: one.Link, Vendor: w.vendorView(ctx, one.Ask.Party), State: consent.Requested.String(), StateText: l.T("state.requested"),
		Holds: l.T("connections.waits", "claims", l.Claims(names)), Labels: l.words(names), Given: one.Created, Since: one.Created,
		GivenSort: one.Created.Unix(), EndsSort: one.Ends.Unix(),
		Waits: &waitingView{ID: one.ID, Digest: one.Ask.Digest(), Until: l.Date(one.Ends)},
	}
	if len(names) == 0 {
		v.Holds = l.T("connections.waits.nothing")
	}
	for _, c := range inOrder(one.Ask.Claims) {
		if why := l.purposes(c); why != "" && !slices.Contains(v.Waits.Purposes, why) {
			v.Waits.Purposes = append(v.Waits.Purposes, why)
		}
	}
	return v
}

// words are the names of claims, to be searched.
func (l *locale) words(names []string) string {
	words := make([]string, len(names))
	for i, name := range names {
		words[i] = l.Claim(name)
	}
	return strings.Join(words, " ")
}
