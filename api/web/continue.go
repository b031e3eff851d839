package web

import (
	"encoding/json"
	"errors"
	"html/template"
	"log/slog"
	"net/http"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/id"
)

// redacted is what secrets print as.
const redacted = "[redacted]"

// proceed shows what a vendor's request needs next: to sign in, to decide, to go on silently, or
// nothing at all.
func (w *Web) proceed(out http.ResponseWriter, r *http.Request) error {
	flow := r.URL.Query().Get("flow")
	var session *identity.Session
	s, here, err := w.session(r)
	if err != nil {
		return err
	}
	if here {
		session = &s
	}
	ask := w.o.Provider.Next
	if r.URL.Query().Has("look") {
		ask = w.o.Provider.Look // the customer wants to see again what was refused
	}
	next, err := ask(r.Context(), flow, session)
	if errors.Is(err, identity.ErrMustRenew) {
		w.toRecover(out, r, flow)
		return nil
	}
	if err != nil {
		return err
	}
	switch next.Step {
	case provider.StepRedirect:
		secure(out.Header())
		http.Redirect(out, r, next.Redirect, http.StatusSeeOther)
		return nil
	case provider.StepReview:
		return w.review(out, r, flow, s, next)
	case provider.StepRefused:
		return w.refused(out, r, flow, s, next)
	case provider.StepResume:
		return w.resume(out, r, flow, s, next)
	case provider.StepSignIn:
		if next.Create && !r.URL.Query().Has("signin") {
			secure(out.Header())
			http.Redirect(out, r, "/signup?flow="+flow, http.StatusSeeOther)
			return nil
		}
	}
	return w.signInPage(out, r, flow, next)
}

// toRecover is for a customer who signed in by recovery code and has not finished.
func (w *Web) toRecover(out http.ResponseWriter, r *http.Request, flow string) {
	http.Redirect(out, r, "/recover?flow="+flow, http.StatusSeeOther)
}

// refusedView reminds of a refusal; the same request is not put again for six months.
type refusedView struct {
	Vendor vendorView
	Date   string
	Claims string       // that it asked for
	Back   template.URL // to the vendor, with the answer that it got before
}

func (w *Web) refused(out http.ResponseWriter, r *http.Request, flow string, s identity.Session, next provider.Next) error {
	p := w.newPage(r, "refused", next.UILocales...)
	p.Flow, p.Account = flow, string(s.Account)
	p.View = refusedView{
		Vendor: w.vendorView(r.Context(), next.Ask.Party), Date: p.Date(next.Refused),
		Claims: p.Claims(namesInOrder(consent.Names(next.Ask.Claims))),
		Back:   template.URL(next.Redirect), //nolint:gosec // the address that the vendor registered
	}
	return w.render(out, http.StatusOK, p)
}

// review shows the ask.
func (w *Web) review(out http.ResponseWriter, r *http.Request, flow string, s identity.Session, next provider.Next) error {
	p := w.newPage(r, "consent", next.UILocales...)
	p.Flow, p.Account = flow, string(s.Account)
	view := w.consentView(r.Context(), p.locale, next)
	view.GPC = r.Header.Get("Sec-GPC") == "1"
	view.Again = r.URL.Query().Has("again")
	p.View = view
	return w.render(out, http.StatusOK, p)
}

// resumption is what the script needs that goes on under a grant in force; resume.js says how it
// reads it. It prints [redacted].
type resumption struct {
	Flow       string     `json:"flow,omitempty"`
	Account    id.Account `json:"account"`
	Session    id.Session `json:"session"`
	Share      []byte     `json:"share"`
	Grant      id.Grant   `json:"grant"`
	WrappedKey []byte     `json:"wrapped_key"`
	Approved   string     `json:"approved"` // digest of what the wrapped key is bound to
	PromptNone bool       `json:"prompt_none"`
	Ending     *ending    `json:"ending,omitempty"`
}

// ending is the address with the code, for the script to put the grant's key into: provider.Ending.
type ending struct {
	Before string `json:"before"`
	After  string `json:"after"`
	Key    []byte `json:"key"`
}

// endingOf is nil where the page has to ask for the address.
func endingOf(e provider.Ending) *ending {
	if e.IsZero() {
		return nil
	}
	return &ending{e.Before, e.After, e.Key.Bytes()}
}

// String hides the share.
func (resumption) String() string { return redacted }

// GoString hides the share.
func (resumption) GoString() string { return redacted }

// LogValue hides the share.
func (resumption) LogValue() slog.Value { return slog.StringValue(redacted) }

// Resume is that page at the address of the authorization request: a visit that needs no question is
// spared the way by another address. With an ending the page is nothing but its script.
func (w *Web) Resume(out http.ResponseWriter, r *http.Request, flow string, s identity.Session, next provider.Next) {
	show := w.resume
	if !next.Ending.IsZero() {
		show = w.onward
	}
	if err := show(out, r, flow, s, next); err != nil {
		w.fail(out, r, err)
	}
}

// resumeView is what the page shows when its script cannot go on, and what the script gets.
type resumeView struct {
	Vendor vendorView
	Input  template.JS
}

// resume is the page that nobody sees: its script unwraps the grant's key and goes on.
func (w *Web) resume(out http.ResponseWriter, r *http.Request, flow string, s identity.Session, next provider.Next) error {
	input, err := inputOf(flow, s, next)
	if err != nil {
		return err
	}
	p := w.newPage(r, "resume", next.UILocales...)
	p.Flow, p.View = flow, resumeView{w.vendorView(r.Context(), next.Ask.Party), template.JS(input)} //nolint:gosec // marshalled here
	return w.render(out, http.StatusOK, p)
}

// inputOf is the script's input. Marshalled JSON holds nothing that could end the element it stands in: <
// and > are written as escapes.
func inputOf(flow string, s identity.Session, next provider.Next) ([]byte, error) {
	return json.Marshal(resumption{
		Flow: flow, Account: s.Account, Session: s.ID, Share: s.Share,
		Grant: next.Grant.ID, WrappedKey: next.Grant.Wrapped, Approved: next.Grant.Approved().Digest(), PromptNone: next.PromptNone,
		Ending: endingOf(next.Ending),
	})
}
