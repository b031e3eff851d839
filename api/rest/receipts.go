package rest

import (
	"cmp"
	"context"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/consent/receipt"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/id"
)

// ListReceipts lists the account's decisions, newest first.
func (s *REST) ListReceipts(w http.ResponseWriter, r *http.Request, params ListReceiptsParams) {
	askedBy(s, w, r, identity.ScopeReceipts, func(ctx context.Context, who caller) (ReceiptList, error) {
		receipts, next, err := s.o.Consent.Receipts(ctx, who.account, params.Before, params.Limit)
		out := ReceiptList{Next: next, Receipts: make([]Receipt, 0, len(receipts))}
		for _, one := range receipts {
			out.Receipts = append(out.Receipts, receiptOut(one))
		}
		return out, err
	})
}

// GetReceiptHead gives the newest receipt's name, by which all before it are fixed, and our signature on
// that: who keeps it can prove what we said.
func (s *REST) GetReceiptHead(w http.ResponseWriter, r *http.Request) {
	askedBy(s, w, r, identity.ScopeReceipts, func(ctx context.Context, who caller) (ReceiptHead, error) {
		h, err := s.o.Consent.ReceiptHead(ctx, who.account)
		if err != nil {
			return ReceiptHead{}, err
		}
		signed, err := s.signedHead(who.account, h)
		return ReceiptHead{Seq: h.Seq, Hash: h.Hash, Time: h.Time, Signed: signed}, err
	})
}

func (s *REST) signedHead(account id.Account, h consent.Head) (string, error) {
	key, err := s.o.Keys.Signer(identity.ReceiptAlgorithm)
	if err != nil {
		return "", err
	}
	return receipt.Maker{Issuer: s.o.Issuer, Subject: s.subject}.SignHead(key, account, h, s.o.Now())
}

// ReceiptKeys gives the keys that receipts were ever signed with.
func (s *REST) ReceiptKeys(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, http.StatusOK, jose.JSONWebKeySet{Keys: s.o.Keys.ReceiptKeys()}, nil)
}

// errReceiptForm refuses a form that receipts do not have.
var errReceiptForm = fault.New(fault.Invalid, "receipt-form", "a receipt is a signed token, JSON, JSON-LD or a Kantara receipt")

// GetReceipt gives one decision in a form to keep.
func (s *REST) GetReceipt(w http.ResponseWriter, r *http.Request, seq uint64, params GetReceiptParams) {
	form, err := receiptForm(cmp.Or(receiptNames[params.Form], string(params.Form), r.Header.Get("Accept")))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	body, err := s.receipt(w, r, seq, form)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Disposition", `attachment; filename="receipt-`+strconv.FormatUint(seq, 10)+receiptEndings[form]+`"`)
	if text, signed := body.(string); signed {
		writeText(w, form, text)
		return
	}
	writeJSON(w, form, http.StatusOK, body)
}

// receipt makes the receipt in a form: a text when it is signed, and else what becomes JSON.
func (s *REST) receipt(w http.ResponseWriter, r *http.Request, seq uint64, form string) (any, error) {
	who, err := s.caller(w, r, identity.ScopeReceipts)
	if err != nil {
		return nil, err
	}
	one, err := s.o.Consent.Receipt(r.Context(), who.account, seq)
	if err != nil {
		return nil, err
	}
	maker := receipt.Maker{Issuer: s.o.Issuer, Subject: s.subject}
	d := maker.Document(who.account, one)
	switch form {
	case receipt.TypeJSON:
		return d, nil
	case receipt.TypeJSONLD:
		return maker.JSONLD(d), nil
	case receipt.TypeKantara:
		return maker.Kantara(d), nil
	}
	key, err := s.o.Keys.Signer(identity.ReceiptAlgorithm)
	if err != nil {
		return nil, err
	}
	return maker.Sign(key, d)
}

// subject is the customer's name towards the vendor of a receipt: that of its sector then.
func (s *REST) subject(p consent.Party, account id.Account, persona id.Persona) string {
	return s.o.Keys.PairwiseSub(string(account), string(persona), p.Sector)
}

// receiptNames are the forms by the names that links use.
var receiptNames = map[GetReceiptParamsForm]string{
	GetReceiptParamsFormJwt: receipt.TypeSigned, GetReceiptParamsFormIso27560: receipt.TypeJSON,
	GetReceiptParamsFormJsonld: receipt.TypeJSONLD, GetReceiptParamsFormKantara: receipt.TypeKantara,
}

// receiptEndings are the names of files, by form.
var receiptEndings = map[string]string{
	receipt.TypeSigned: ".jwt", receipt.TypeJSON: ".json", receipt.TypeJSONLD: ".jsonld", receipt.TypeKantara: ".kantara.json",
}

// receiptForm finds the first form in an Accept header that receipts have; without one they are signed.
func receiptForm(accept string) (string, error) {
	for part := range strings.SplitSeq(accept, ",") {
		form, params, err := mime.ParseMediaType(strings.TrimSpace(part))
		if err != nil {
			continue
		}
		if q, err := strconv.ParseFloat(params["q"], 64); err == nil && q == 0 {
			continue
		}
		if _, known := receiptEndings[form]; known {
			return form, nil
		}
		if form == "*/*" || form == "application/*" {
			return receipt.TypeSigned, nil
		}
	}
	if accept == "" {
		return receipt.TypeSigned, nil
	}
	return "", errReceiptForm
}
