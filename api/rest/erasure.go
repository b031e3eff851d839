package rest

import (
	"context"
	"net/http"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
)

// GetErasure says what became of a request for deletion.
func (s *REST) GetErasure(w http.ResponseWriter, r *http.Request, grant GrantID) {
	s.erasure(w, r, grant, func(ctx context.Context, a id.Account, g id.Grant) (consent.Erasure, error) {
		e, err := s.o.Consent.Erasure(ctx, a, g)
		if err == nil && e.ID == "" {
			err = consent.ErrNoErasure
		}
		return e, err
	})
}

// AskErasure asks the vendor to delete what it received.
func (s *REST) AskErasure(w http.ResponseWriter, r *http.Request, grant GrantID, _ AskErasureParams) {
	who, err := s.session(r)
	var g id.Grant
	if err == nil {
		g, err = parsed[id.Grant](grant)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	c := keyed{who: byAccount(who.Account), name: "askErasure", status: http.StatusOK}
	once(s, w, r, c, func(ctx context.Context) (Erasure, error) {
		e, err := s.o.Consent.AskErasure(ctx, who.Account, g)
		return s.erasureOut(e), err
	})
}

func (s *REST) erasure(w http.ResponseWriter, r *http.Request, grant GrantID, do func(context.Context, id.Account, id.Grant) (consent.Erasure, error)) {
	asked(s, w, r, func(ctx context.Context, who identity.Session) (Erasure, error) {
		g, err := parsed[id.Grant](grant)
		if err != nil {
			return Erasure{}, err
		}
		e, err := do(ctx, who.Account, g)
		return s.erasureOut(e), err
	})
}

// AnswerErasure notes what the vendor answered elsewhere.
func (s *REST) AnswerErasure(w http.ResponseWriter, r *http.Request, grant GrantID, _ AnswerErasureParams) {
	called(s, w, r, func(ctx context.Context, who identity.Session, in ErasureAnswer) (Erasure, error) {
		g, err := parsed[id.Grant](grant)
		if err != nil {
			return Erasure{}, err
		}
		e, err := s.o.Consent.AnswerErasure(ctx, who.Account, g, consent.Outcome(in.Outcome),
			func(now consent.Erasure) error { return unchanged(r, s.erasureOut(now)) })
		return s.erasureOut(e), err
	})
}

func (s *REST) erasureOut(e consent.Erasure) Erasure {
	claims := e.Claims
	if claims == nil {
		claims = []string{}
	}
	return Erasure{
		ID: string(e.ID), State: ErasureState(e.State(s.o.Now())), Requested: e.Requested, Due: e.Due, Claims: claims,
		Told: e.Told, Acknowledged: e.Acknowledged, Answered: e.Answered,
		Reason: e.Words, ByVendor: e.ByVendor,
	}
}

// GetVendorErasure tells the vendor what it is asked to delete.
func (s *REST) GetVendorErasure(w http.ResponseWriter, r *http.Request, grant GrantID) {
	client, name, err := s.vendorsGrant(w, r, grant)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	e, err := s.o.Consent.ErasureFrom(r.Context(), client, name)
	if err == nil && e.ID == "" {
		err = consent.ErrNoErasure
	}
	s.answer(w, r, http.StatusOK, s.vendorErasureOut(e), err)
}

// AnswerVendorErasure takes the vendor's own answer.
func (s *REST) AnswerVendorErasure(w http.ResponseWriter, r *http.Request, grant GrantID, _ AnswerVendorErasureParams) {
	client, name, err := s.vendorsGrant(w, r, grant)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	in, err := read[VendorErasureAnswer](r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	e, err := s.o.Consent.VendorAnswers(r.Context(), client, name, consent.Answer{Outcome: consent.Outcome(in.Outcome), Words: in.Reason},
		func(now consent.Erasure) error { return unchanged(r, s.vendorErasureOut(now)) })
	s.answer(w, r, http.StatusOK, s.vendorErasureOut(e), err)
}

// vendorErasureOut leaves out what only the customer needs: how the vendor was told.
func (s *REST) vendorErasureOut(e consent.Erasure) VendorErasure {
	claims := e.Claims
	if claims == nil {
		claims = []string{}
	}
	return VendorErasure{
		RequestID: string(e.ID), State: ErasureState(e.State(s.o.Now())), Requested: e.Requested, Due: e.Due, Claims: claims,
		Acknowledged: e.Acknowledged, Answered: e.Answered, Reason: e.Words,
	}
}
