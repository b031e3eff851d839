package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/id"
)

// receiptsView is every decision, some on each page.
type receiptsView struct {
	Entries []historyEntry
	Head    uint64
	More    string // where the next page begins
	Later   bool   // there are newer ones on the page before
}

// receiptView is one decision, to be kept on paper.
type receiptView struct {
	Seq        uint64
	Form       string // address of the signed one
	Vendor     vendorView
	Connection string // its page; none for a refusal
	What       string
	consent.Receipt
	StateText           string
	Claims              []claimView
	Declined, TakenBack string
	Until, Use          string
	Kept                string
	Recipients          string
	Agreement           agreementView
	DueOn               string
	Shown               noticeView
	Where               string // the address where it can be reviewed and withdrawn
}

// receiptsPerPage is how many decisions one page lists.
const receiptsPerPage = 50

// receiptLink is the page of a decision.
func receiptLink(seq uint64) string { return "/receipts/" + strconv.FormatUint(seq, 10) }

func (w *Web) receipts(out http.ResponseWriter, r *http.Request) error {
	s, ok, err := w.customer(out, r)
	if !ok {
		return err
	}
	before := r.URL.Query().Get("before")
	list, more, err := w.o.Consent.Receipts(r.Context(), s.Account, before, receiptsPerPage)
	if err != nil {
		return err
	}
	p := w.newPage(r, "receipts")
	p.Section, p.Account = "connections", string(s.Account)
	view := receiptsView{More: more, Later: before != ""}
	for _, one := range list {
		view.Entries = append(view.Entries, historyEntry{
			Time: one.Time, Text: p.decision(one, nil), Link: receiptLink(one.Seq), Vendor: one.Party.Name,
		})
	}
	p.View = view
	return w.render(out, http.StatusOK, p)
}

// errNoReceipt says that the address names no decision.
var errNoReceipt = fault.New(fault.NotFound, codeNotFound, "there is no such decision")

func (w *Web) receipt(out http.ResponseWriter, r *http.Request) error {
	s, ok, err := w.customer(out, r)
	if !ok {
		return err
	}
	seq, err := strconv.ParseUint(mux.Vars(r)["seq"], 10, 64)
	if err != nil {
		return errNoReceipt
	}
	one, err := w.o.Consent.Receipt(r.Context(), s.Account, seq)
	if err != nil {
		return err
	}
	p := w.newPage(r, "receipt")
	p.Section, p.Account = "connections", string(s.Account)
	view := w.receiptView(r.Context(), p.locale, one)
	if view.Shown, err = w.shown(r.Context(), s.Account, one); err != nil {
		return err
	}
	p.View = view
	return w.render(out, http.StatusOK, p)
}

func (w *Web) receiptView(ctx context.Context, l *locale, r consent.Receipt) receiptView {
	v := receiptView{
		Seq: r.Seq, Form: apiBase + receiptLink(r.Seq), Vendor: w.vendorView(ctx, r.Party), Receipt: r,
		What: l.decision(r, nil), StateText: l.T("state." + r.State),
		Declined: l.Claims(namesInOrder(r.Declined)), TakenBack: l.Claims(namesInOrder(chosen(r.Taken))),
		Until: l.Date(r.Ends), Use: use(r.Offline, r.Continuous), Kept: l.duration(r.Retention),
		Recipients: strings.Join(r.Recipients, ", "), Agreement: l.agreement(r.Terms), DueOn: l.Date(r.Due),
		Where: w.o.Issuer + "/connections",
	}
	if r.Once {
		v.Use = "use.once-only"
	}
	if r.Grant != "" {
		v.Connection = "/connections/" + string(r.Grant)
		v.Where = w.o.Issuer + v.Connection
	}
	for _, c := range inOrder(r.Claims) {
		v.Claims = append(v.Claims, l.claimView(c))
	}
	return v
}

// export is where everything can be taken away; the agent adds what the server cannot read.
func (w *Web) export(out http.ResponseWriter, r *http.Request) error {
	s, ok, err := w.customer(out, r)
	if !ok {
		return err
	}
	p := w.newPage(r, "export")
	p.Section, p.Account = "account", string(s.Account)
	return w.render(out, http.StatusOK, p)
}

// shown finds the text that was shown: it is kept with the decision that it was shown for.
func (w *Web) shown(ctx context.Context, account id.Account, r consent.Receipt) (noticeView, error) {
	v := noticeView{r.Notice.Language, r.Notice.Text, r.Notice.Hash}
	if v.Text != "" || r.Grant == "" {
		return v, nil
	}
	all, err := w.receiptsOf(ctx, account)
	for _, other := range all {
		if other.Grant == r.Grant && other.Notice.Text != "" {
			v.Text = other.Notice.Text
		}
	}
	return v, err
}
