package rest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/consent/receipt"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/id"
)

// GetVendorGrant shows a vendor a consent that it has or had (Grant Management for OAuth 2.0).
func (s *REST) GetVendorGrant(w http.ResponseWriter, r *http.Request, grant GrantID) {
	client, name, err := s.vendorsGrant(w, r, grant)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	g, err := s.o.Consent.GrantOf(r.Context(), client, name)
	s.answer(w, r, http.StatusOK, s.vendorGrantOut(g), err)
}

// RevokeVendorGrant gives a consent back.
func (s *REST) RevokeVendorGrant(w http.ResponseWriter, r *http.Request, grant GrantID) {
	client, name, err := s.vendorsGrant(w, r, grant)
	if err == nil {
		_, err = s.o.Consent.GiveBack(r.Context(), client, name)
	}
	s.done(w, r, err)
}

// ListVendorReceipts gives a vendor its proofs of the decisions about one consent.
func (s *REST) ListVendorReceipts(w http.ResponseWriter, r *http.Request, grant GrantID) {
	client, name, err := s.vendorsGrant(w, r, grant)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	out, err := s.vendorReceipts(r, client, name)
	s.answer(w, r, http.StatusOK, out, err)
}

func (s *REST) vendorReceipts(r *http.Request, client id.Client, grant id.Grant) (VendorReceiptList, error) {
	g, err := s.o.Consent.GrantOf(r.Context(), client, grant)
	if err != nil {
		return VendorReceiptList{}, err
	}
	all, err := s.o.Consent.ReceiptsOf(r.Context(), client, grant)
	if err != nil {
		return VendorReceiptList{}, err
	}
	key, err := s.o.Keys.Signer(identity.ReceiptAlgorithm)
	if err != nil {
		return VendorReceiptList{}, err
	}
	maker := receipt.Maker{Issuer: s.o.Issuer, Subject: s.subject}
	out := VendorReceiptList{Receipts: make([]VendorReceipt, 0, len(all))}
	for _, one := range all {
		d := maker.Document(g.Account, one)
		// The chain tells how much else the customer decides, and the persona is the same at every vendor.
		d.Chain, d.Processing.Persona = nil, ""
		text, err := maker.Sign(key, d)
		if err != nil {
			return VendorReceiptList{}, err
		}
		out.Receipts = append(out.Receipts, VendorReceipt{ID: string(one.ID), Event: ReceiptEvent(one.Event), Time: one.Time, Receipt: text})
	}
	return out, nil
}

// vendorsGrant says which vendor calls, and about what.
func (s *REST) vendorsGrant(w http.ResponseWriter, r *http.Request, grant GrantID) (id.Client, id.Grant, error) {
	client, err := s.vendor(w, r)
	if err != nil {
		return "", "", err
	}
	name, err := parsed[id.Grant](grant)
	return client, name, err
}

// PreviewRequest says what a customer would be asked.
func (s *REST) PreviewRequest(w http.ResponseWriter, r *http.Request) {
	in, client, err := fromVendor[PreviewedRequest](s, w, r)
	var wanted provider.Wanted
	if err == nil {
		wanted, err = wantedIn(in)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	ask, found, err := s.o.Provider.Preview(r.Context(), client, wanted)
	out := Preview{Findings: make([]Finding, 0, len(found))}
	fatal := false
	for _, f := range found {
		fatal = fatal || f.Fatal
		out.Findings = append(out.Findings, Finding{Code: f.Code, Text: f.Text, Fatal: f.Fatal})
	}
	if !fatal {
		out.Ask = askOut(ask, s.o.Now())
	}
	s.answer(w, r, http.StatusOK, out, err)
}

func wantedIn(in PreviewedRequest) (provider.Wanted, error) {
	out := provider.Wanted{Scope: in.Scope}
	var err error
	if in.Claims != nil {
		if out.Claims, err = json.Marshal(in.Claims); err != nil {
			return out, errBody.Because(err)
		}
	}
	if in.AuthorizationDetails != nil {
		if out.Details, err = json.Marshal(in.AuthorizationDetails); err != nil {
			return out, errBody.Because(err)
		}
	}
	return out, nil
}

// CreateRequest keeps what a vendor asks until a customer answers.
func (s *REST) CreateRequest(w http.ResponseWriter, r *http.Request, _ CreateRequestParams) {
	in, client, err := fromVendor[NewRequest](s, w, r)
	var grant id.Grant
	if err == nil && in.GrantID != "" {
		grant, err = parsed[id.Grant](in.GrantID)
	}
	if err == nil && in.ExpiresIn > int(maxWait/time.Second) {
		err = errBody.Because(errors.New("expires_in is too large"))
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	form := url.Values{}
	for name, value := range in.Parameters {
		form.Set(name, value)
	}
	c := keyed{who: byVendor(client), name: "createRequest", in: in, status: http.StatusCreated}
	once(s, w, r, c, func(ctx context.Context) (VendorRequest, error) {
		made, err := s.o.Provider.Ask(ctx, client, form, grant, time.Duration(in.ExpiresIn)*time.Second)
		return s.requestOut(made), err
	})
}

// maxWait is what openapi.yaml says of expires_in.
const maxWait = 90 * 24 * time.Hour

// GetRequest shows a vendor its request.
func (s *REST) GetRequest(w http.ResponseWriter, r *http.Request, request RequestID) {
	client, name, err := s.vendorsRequest(w, r, request)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	found, err := s.o.Provider.Asked(r.Context(), client, name)
	s.answer(w, r, http.StatusOK, s.requestOut(found), err)
}

// DeleteRequest takes a request back.
func (s *REST) DeleteRequest(w http.ResponseWriter, r *http.Request, request RequestID) {
	client, name, err := s.vendorsRequest(w, r, request)
	if err == nil {
		err = s.o.Provider.Unask(r.Context(), client, name)
	}
	s.done(w, r, err)
}

func (s *REST) vendorsRequest(w http.ResponseWriter, r *http.Request, request RequestID) (id.Client, id.Request, error) {
	client, err := s.vendor(w, r)
	if err != nil {
		return "", "", err
	}
	name, err := parsed[id.Request](request)
	return client, name, err
}

// ListRequests shows a customer what waits for an answer.
func (s *REST) ListRequests(w http.ResponseWriter, r *http.Request) {
	who, err := s.session(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	all, err := s.o.Provider.Waiting(r.Context(), who.Account)
	out := WaitingList{Requests: make([]Waiting, 0, len(all))}
	for _, one := range all {
		out.Requests = append(out.Requests, Waiting{
			ID: string(one.ID), Link: one.Link, Digest: one.Ask.Digest(), Created: one.Created, Expires: one.Ends, Ask: *askOut(one.Ask, s.o.Now()),
		})
	}
	s.answer(w, r, http.StatusOK, out, err)
}

// DenyRequest refuses what waits for an answer, without a visit to its link.
func (s *REST) DenyRequest(w http.ResponseWriter, r *http.Request, request RequestID) {
	who, err := s.session(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	in, err := read[WaitingDenial](r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	name, err := parsed[id.Request](request)
	if err == nil {
		err = s.o.Provider.DenyLater(r.Context(), who.Account, name, consent.Refusal{Digest: in.Digest, Locale: in.Locale, GPC: private(r)})
	}
	s.done(w, r, err)
}

func (s *REST) requestOut(l provider.Later) VendorRequest {
	state := RequestStateRequested
	if l.Answered {
		state = RequestStateAnswered
	}
	return VendorRequest{
		ID: string(l.ID), State: state, Link: l.Link, Created: l.Created, Expires: l.Ends, Ask: *askOut(l.Ask, s.o.Now()),
	}
}

func (s *REST) vendorGrantOut(g consent.Grant) VendorGrant {
	return VendorGrant{
		GrantID: string(g.ID), Sub: s.subject(g.Party, g.Account, g.Persona), State: GrantState(g.State.String()),
		Claims: consent.Names(g.Claims), Consented: claimsOut(g.Claims), Offline: g.Offline, Continuous: g.Continuous, Once: g.Once, Paused: g.Paused,
		Retention: g.Retention, Recipients: g.Recipients, Terms: agreementOut(g.Terms), Given: g.Given, Ends: g.Ends, Since: g.Since,
	}
}
