package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/outbox"
)

// connectionView is one connection: what was agreed, what became of it, and what was read.
type connectionView struct {
	Grant      grantView
	Claims     []givenView
	Declined   string
	Kept       string // how long the vendor says that it keeps it
	Recipients string
	Terms      agreementView
	GPC        bool
	EachTime   bool
	Passing    bool // for one visit: there is nothing to renew or to ask
	Renewed    string
	RenewTo    string // RFC 3339
	Shown      noticeView

	Reads    []readView
	Total    int
	More     string // where the next page of reads begins
	Timeline *timelineView
	History  []historyEntry
	Told     []toldView
	Erasure  *erasureView
}

// givenView is one claim of a connection, with the purposes that can be taken back on their own.
type givenView struct {
	claimView
	Purposes []consent.Purpose
	Several  bool
}

// noticeView is the text that was shown then, in its language.
type noticeView struct{ Language, Text, Hash string }

type readView struct {
	Time        time.Time
	What, Times string
}

// historyEntry is a decision in one sentence.
type historyEntry struct {
	Time   time.Time
	Text   string
	Link   string
	Vendor string
}

// toldView is what the vendor was told, and what it said to it.
type toldView struct {
	Time, Acknowledged time.Time
	Text               string
	Noted, Refused     bool
}

// erasureView is a request for deletion and what became of it.
type erasureView struct {
	State                             consent.ErasureState
	Requested, Acknowledged, Answered time.Time
	Due                               string
	Told                              bool   // by event
	Message                           string // to be sent by hand
	Reason                            string // the vendor's own words
	Open, Late                        bool
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
	p := w.newPage(r, "connection")
	p.Section, p.Account = "connections", string(s.Account)
	view := w.agreed(r.Context(), p.locale, g)
	for _, add := range []func(context.Context, *locale, identity.Session, consent.Grant, *connectionView) error{
		w.addHistory, w.addTold, w.addErasure, w.addTimeline,
	} {
		if err := add(r.Context(), p.locale, s, g, &view); err != nil {
			return err
		}
	}
	reads, more, err := w.o.Consent.Reads(r.Context(), s.Account, g.ID, r.URL.Query().Get("before"), readsPerPage)
	if err != nil {
		return err
	}
	view.More = more
	for _, read := range reads {
		view.Reads = append(view.Reads, p.readView(read))
	}
	p.View = view
	return w.render(out, http.StatusOK, p)
}

// agreed shows the terms of a grant.
func (w *Web) agreed(ctx context.Context, l *locale, g consent.Grant) connectionView {
	latest := w.o.Now().UTC().Truncate(time.Second).Add(consent.MaxEnds)
	view := connectionView{
		Grant: w.grantView(ctx, l, g), Declined: l.Claims(namesInOrder(g.Declined)), Total: int(g.Reads),
		Kept: l.duration(g.Retention), Recipients: strings.Join(g.Recipients, ", "), Terms: l.agreement(g.Terms),
		GPC: g.GPC, EachTime: g.EachTime, Passing: g.Ephemeral || g.Once,
		Renewed: l.Date(latest), RenewTo: latest.Format(time.RFC3339),
	}
	if l.Date(g.Ends) == view.Renewed {
		view.RenewTo = "" // there is no later end
	}
	for _, c := range inOrder(g.Claims) {
		given := givenView{claimView: l.claimView(c), Several: len(c.Purposes) > 1}
		if given.Several {
			given.Purposes, given.Purpose = said(c.Purposes, l.Tag), ""
		}
		view.Claims = append(view.Claims, given)
	}
	return view
}

// said are purposes in one language.
func said(purposes []consent.Purpose, tag string) []consent.Purpose {
	all := slices.Clone(purposes)
	for i, p := range all {
		all[i].Text = p.In(tag)
	}
	return all
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

// addHistory tells the life of the grant, the newest first, and finds the text that was shown.
func (w *Web) addHistory(ctx context.Context, l *locale, s identity.Session, g consent.Grant, view *connectionView) error {
	receipts, err := w.receiptsOf(ctx, s.Account)
	if err != nil {
		return err
	}
	var taken int
	for _, r := range slices.Backward(receipts) {
		if r.Grant != g.ID {
			continue
		}
		if r.Notice.Text != "" {
			view.Shown = noticeView{r.Notice.Language, r.Notice.Text, r.Notice.Hash}
		}
		view.History = append(view.History, historyEntry{Time: r.Time, Text: l.decision(r, r.Taken[min(taken, len(r.Taken)):]), Link: receiptLink(r.Seq)})
		taken = len(r.Taken)
	}
	slices.Reverse(view.History)
	return nil
}

// decision says in a sentence what was decided; taken is what was taken back by it,
// where that is known.
func (l *locale) decision(r consent.Receipt, taken []consent.Choice) string {
	switch r.Event {
	case consent.EventGiven, consent.EventRefused:
		if names := namesInOrder(consent.Names(r.Claims)); len(names) > 0 {
			return l.T("decision."+string(r.Event), "claims", l.Claims(names))
		}
		return l.T("decision." + string(r.Event) + ".nothing")
	case consent.EventNarrowed:
		if len(taken) == 0 {
			return l.T("decision.narrowed.some")
		}
		return l.T("decision.narrowed", "claims", l.Claims(namesInOrder(chosen(taken))))
	case consent.EventRenewed:
		return l.T("decision.renewed", "date", l.Date(r.Ends))
	case consent.EventEachTime:
		if !r.EachTime {
			return l.T("decision.each-time.off")
		}
	case consent.EventErasure:
		return l.T("decision.erasure-requested", "date", l.Date(r.Due))
	case consent.EventErasureAnswered:
		return l.T("decision.erasure-answered." + r.Reason)
	case consent.EventPaused, consent.EventResumed, consent.EventUsed, consent.EventWithdrawn, consent.EventReplaced,
		consent.EventRevoked, consent.EventExpired:
	}
	return l.T("decision." + string(r.Event))
}

// maxTold is how many events the page shows; the API gives them all.
const maxTold = 200

// addTold lists what the vendor was told by event.
func (w *Web) addTold(ctx context.Context, l *locale, s identity.Session, g consent.Grant, view *connectionView) error {
	events, _, err := w.o.Consent.Told(ctx, s.Account, g.ID, "", maxTold)
	if err != nil {
		return fmt.Errorf("list what was told: %w", err)
	}
	for _, e := range events {
		v := toldView{Time: e.Time, Acknowledged: e.Acknowledged, Noted: !e.Acknowledged.IsZero(), Refused: e.Refused != ""}
		v.Text = l.T("told." + string(e.Kind))
		if e.Kind == outbox.ClaimsChanged {
			v.Text = l.T("told.claims-changed", "claims", l.Claims(namesInOrder(e.Claims)))
		}
		view.Told = append(view.Told, v)
	}
	return nil
}

// addErasure shows what became of a request for deletion.
func (w *Web) addErasure(ctx context.Context, l *locale, s identity.Session, g consent.Grant, view *connectionView) error {
	e, err := w.o.Consent.Erasure(ctx, s.Account, g.ID)
	if err != nil || e.ID == "" {
		return err
	}
	v := &erasureView{
		State: e.State(w.o.Now()), Requested: e.Requested, Acknowledged: e.Acknowledged, Answered: e.Answered, Due: l.Date(e.Due), Told: e.Told,
		Reason: e.Words,
	}
	v.Open, v.Late = e.Outcome == "", v.State == consent.ErasureOverdue
	if v.Message, err = w.deletionMessage(g, e); err != nil {
		return err
	}
	view.Erasure = v
	return nil
}

// deletionMessage is the request in the form of the Data Rights Protocol, for a vendor that does not
// take events: the customer sends it to whoever answers for personal data there.
func (w *Web) deletionMessage(g consent.Grant, e consent.Erasure) (string, error) {
	text, err := json.MarshalIndent(struct {
		Version  string   `json:"drp.version"`
		Agent    string   `json:"agent-id"`
		Business string   `json:"business-id"`
		Request  string   `json:"request_id"`
		Grant    id.Grant `json:"grant_id"`
		Exercise string   `json:"exercise"`
		Regime   string   `json:"regime"`
		Issued   string   `json:"issued-at"`
		Expires  string   `json:"expires-at"`
		Claims   []string `json:"claims"`
	}{
		"0.9", w.o.Issuer, g.Party.Domain, string(e.ID), g.ID, "deletion", "voluntary",
		e.Requested.UTC().Format(time.RFC3339), e.Due.UTC().Format(time.RFC3339), e.Claims,
	}, "", "  ")
	if err != nil {
		return "", fmt.Errorf("request for deletion: %w", err)
	}
	return string(text), nil
}
