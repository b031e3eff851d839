package agent

import (
	"context"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

// addressee is who what is sealed is for. Without a key of the vendor's it is the server, which opens it
// for each answer; with one it is the vendor alone.
type addressee struct {
	vendor          Vendor
	issuer, subject string
}

func toVendor(g Grant) addressee { return addressee{g.Vendor, g.Issuer, g.Subject} }

// seal seals claims as a capsule, or as a message for the vendor's key.
func (to addressee) seal(key vault.GrantKey, account id.Account, grant id.Grant, revision uint64, claims vault.Claims) ([]byte, error) {
	e := to.vendor.Encryption
	if e == nil {
		return vault.SealCapsule(key, account, grant, revision, claims)
	}
	recipient, err := seal.ParseRecipient([]byte(e.Key))
	if err != nil || e.Thumbprint == "" || recipient.Thumbprint() != e.Thumbprint {
		return nil, ErrAnswer.Because(err)
	}
	message, err := vault.Response{
		Issuer: to.issuer, Subject: to.subject, Client: id.Client(to.vendor.Client), Claims: claims, Nested: e.Nested,
	}.Encrypt(recipient, string(e.Alg))
	if err != nil {
		return nil, err
	}
	return vault.SealMessage(key, account, grant, revision, message)
}

// address finds out who a message is about that answers a request: the vendor knows a persona by a name
// that only the server can make. A visit that is to leave no trace has a persona of its own.
func (a *Agent) address(ctx context.Context, decision Decision, shown review) (addressee, id.Persona, error) {
	persona := shown.persona
	if decision.Ephemeral {
		persona = id.New[id.Persona]()
	}
	if shown.ask.Vendor.Encryption == nil {
		return addressee{vendor: shown.ask.Vendor}, persona, nil
	}
	var next Next
	in := Flow{Flow: decision.Flow, Again: true, Persona: string(persona)}
	if err := a.transport.Do(ctx, "POST", "/flow", in, &next); err != nil {
		return addressee{}, "", err
	}
	if next.Digest != decision.Digest {
		delete(a.reviews, decision.Flow)
		return addressee{}, "", ErrStaleReview
	}
	return addressee{shown.ask.Vendor, next.Issuer, next.Subject}, persona, nil
}
