package rest

import (
	"context"
	"net/http"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// private says that the browser sent the Global Privacy Control (https://www.w3.org/TR/gpc/): nobody is
// to sell or share what is released.
func private(r *http.Request) bool { return r.Header.Get("Sec-GPC") == "1" }

// GetFlow says what a vendor's pending request needs next: also to somebody who is not signed in,
// and then nothing but that.
func (s *REST) GetFlow(w http.ResponseWriter, r *http.Request) {
	in, err := read[Flow](r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	var who *identity.Session
	if one, err := s.anySession(r); err == nil {
		who = &one
	}
	next := s.o.Provider.Next
	if in.Again {
		next = s.o.Provider.Look
	}
	n, err := next(r.Context(), in.Flow, who)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	out := s.nextOut(n)
	err = s.address(&out, n, who, in.Persona)
	s.answer(w, r, http.StatusOK, out, err)
}

func (s *REST) nextOut(n provider.Next) Next {
	out := Next{
		Redirect: n.Redirect, Digest: n.Digest, LoginHint: n.LoginHint, PromptNone: n.PromptNone, Reauthenticate: n.Reauthenticate,
	}
	switch n.Step {
	case provider.StepReview:
		out.Step, out.Ask = FlowStepReview, askOut(n.Ask, s.o.Now())
	case provider.StepRefused:
		out.Step, out.Refused = FlowStepRefused, n.Refused
	case provider.StepResume:
		out.Step = FlowStepResume
	case provider.StepRedirect:
		out.Step = FlowStepRedirect
	case provider.StepSignIn:
		out.Step = FlowStepSignIn
	}
	if n.Grant != nil {
		g := s.grantOut(*n.Grant)
		out.Grant = &g
	}
	return out
}

// ApproveFlow records the customer's approval and sends the browser back with a code.
func (s *REST) ApproveFlow(w http.ResponseWriter, r *http.Request) {
	called(s, w, r, func(ctx context.Context, who identity.Session, in Approval) (RedirectAnswer, error) {
		a, err := approvalIn(in)
		if err != nil {
			return RedirectAnswer{}, err
		}
		a.GPC = private(r)
		s.restate(w, r, who)
		to, err := s.o.Provider.Approve(ctx, who, in.Flow, a)
		return RedirectAnswer{Redirect: to}, err
	})
}

func approvalIn(in Approval) (a provider.Approval, err error) {
	a = provider.Approval{
		Digest: in.Digest, Choices: choicesIn(in.Choices), Capsule: in.Capsule, Wrapped: in.WrappedKey, Locale: in.Locale,
		Notice: in.Notice, Proffered: in.Proffered, Agreed: in.Agreed, EachTime: in.EachTime, Ephemeral: in.Ephemeral,
	}
	if a.Grant, err = parsed[id.Grant](in.Grant); err != nil {
		return a, err
	}
	if a.Persona, err = parsed[id.Persona](in.Persona); err != nil {
		return a, err
	}
	a.Key, err = keyIn(in.GrantKey)
	return a, err
}

func keyIn(b []byte) (vault.GrantKey, error) {
	key, err := vault.GrantKeyFrom(b)
	if err != nil {
		return vault.GrantKey{}, errBody
	}
	return key, nil
}

// restate lets a browser that brings an answer to a vendor have the state which that answer names.
func (s *REST) restate(w http.ResponseWriter, r *http.Request, who identity.Session) {
	s.o.Cookie.Restate(w, r, s.o.Accounts.BrowserState(who.ID), who.Expires)
}

// ResumeFlow sends the browser back under a grant that is in force.
func (s *REST) ResumeFlow(w http.ResponseWriter, r *http.Request) {
	called(s, w, r, func(ctx context.Context, who identity.Session, in Resumption) (RedirectAnswer, error) {
		grant, err := parsed[id.Grant](in.Grant)
		if err != nil {
			return RedirectAnswer{}, err
		}
		key, err := keyIn(in.GrantKey)
		if err != nil {
			return RedirectAnswer{}, err
		}
		s.restate(w, r, who)
		to, err := s.o.Provider.Resume(ctx, who, in.Flow, grant, key)
		return RedirectAnswer{Redirect: to}, err
	})
}

// DenyFlow records the customer's "no" and sends the browser back with it: a normal outcome.
func (s *REST) DenyFlow(w http.ResponseWriter, r *http.Request) {
	called(s, w, r, func(ctx context.Context, who identity.Session, in Denial) (RedirectAnswer, error) {
		to, err := s.o.Provider.Deny(ctx, who, in.Flow, consent.Refusal{Digest: in.Digest, Locale: in.Locale, GPC: private(r)})
		return RedirectAnswer{Redirect: to}, err
	})
}

// FailFlow sends the browser back when a request without interaction cannot be answered; nobody
// need be signed in for that.
func (s *REST) FailFlow(w http.ResponseWriter, r *http.Request) {
	in, err := read[Failure](r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	to, err := s.o.Provider.Fail(r.Context(), in.Flow, string(in.Reason))
	s.answer(w, r, http.StatusOK, RedirectAnswer{Redirect: to}, err)
}
