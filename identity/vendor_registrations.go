package identity

import (
	"context"
	"crypto/hmac"
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

// registrationPrefix makes the token that manages a registration recognisable.
const registrationPrefix = "mr_"

// ProvisionalLife is how long an open registration lives that no customer uses.
const ProvisionalLife = 24 * time.Hour

// How many may register without an invitation: bursts, and how soon there is room for one more.
const (
	registerBurst    = 60
	registerEvery    = time.Minute
	registerAllBurst = 300
	registerAllEvery = 20 * time.Second
)

// ErrRegistrationToken refuses who does not hold the token of a registration; a vendor that is gone
// looks the same.
var ErrRegistrationToken = fault.New(fault.Unauthenticated, "registration-token", "the registration access token is not valid")

// registrar counts who registers without an invitation. It serves concurrent callers.
type registrar struct {
	mu        sync.Mutex
	addresses table
	everybody table
}

func newRegistrar() *registrar {
	return &registrar{addresses: newTable(registerEvery, 16384), everybody: newTable(registerAllEvery, 1)}
}

// AdmitRegistration charges an attempt to register without an invitation, for good, or says how long
// to wait, as a SlowDown.
func (s *Vendors) AdmitRegistration(from netip.Addr) error {
	r, now := s.registrar, s.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	one, _ := r.addresses.at(network(from), now)
	all, _ := r.everybody.at("", now)
	if wait := max(one.room(registerBurst, registerEvery), all.room(registerAllBurst, registerAllEvery)); wait > 0 {
		return &SlowDown{RetryAfter: wait}
	}
	one.level++
	all.level++
	return nil
}

// Register adds a vendor that registers itself: with the token of an invitation, which is used up by
// it, or openly, when it is empty. It is never verified, and an open one is provisional.
func (s *Vendors) Register(ctx context.Context, v Vendor, invitation string) (Vendor, Credentials, error) {
	token := registrationPrefix + newSecret()[len(secretPrefix):]
	v.ID, v.DomainVerified, v.DomainProof, v.Standing.Confirmed = id.New[id.Client](), false, DomainProof{}, ""
	v, secret, err := s.prepare(v)
	if err != nil {
		return Vendor{}, Credentials{}, err
	}
	r := Registration{Check: s.registrationHash(v.ID, token)}
	if v.Registration != nil {
		r.Said, r.Scope, r.Texts = v.Registration.Said, v.Registration.Scope, v.Registration.Texts
	}
	if invitation == "" {
		r.Expires = v.Created.Add(ProvisionalLife).Unix()
	}
	v.Registration = &r
	err = s.store.Update(ctx, func(tx store.Tx) error {
		if invitation != "" {
			if r.By, err = s.useInvitation(tx, invitation); err != nil {
				return err
			}
		}
		return putVendor(tx, v)
	})
	return v, Credentials{Secret: secret, Token: token}, err
}

// Managed finds the vendor that a registration access token manages.
func (s *Vendors) Managed(ctx context.Context, client id.Client, token string) (Vendor, error) {
	v, err := s.Get(ctx, client)
	if errors.Is(err, ErrNoVendor) {
		return Vendor{}, ErrRegistrationToken
	}
	if err != nil {
		return Vendor{}, err
	}
	if v.Registration == nil || !s.manages(client, token, v.Registration.Check) {
		return Vendor{}, ErrRegistrationToken
	}
	return v, nil
}

// Reregister replaces what a vendor registered (RFC 7592, 2.2). Its token is another from now on; its
// secret stays, unless it had none of the kind. Whoever had proved a domain as another party must do
// so again.
func (s *Vendors) Reregister(ctx context.Context, client id.Client, token string, v Vendor) (Vendor, Credentials, error) {
	fresh := Credentials{Token: registrationPrefix + newSecret()[len(secretPrefix):]}
	v.ID = client
	v, secret, err := s.prepare(v)
	if err != nil {
		return Vendor{}, Credentials{}, err
	}
	err = s.store.Update(ctx, func(tx store.Tx) error {
		old, err := getVendorRecord(tx, client)
		switch {
		case errors.Is(err, ErrNoVendor):
			return ErrRegistrationToken
		case err != nil:
			return err
		case old.Registration == nil || !s.manages(client, token, old.Registration.Check):
			return ErrRegistrationToken
		}
		was := old.vendor(logoRecord{})
		v.Created, v.Protocol.PKCE = was.Created, excuse(v, was)
		v.DomainVerified, v.DomainProof, v.Standing.Confirmed = false, DomainProof{}, ""
		if v.sameParty(was) {
			v.DomainVerified, v.DomainProof, v.Standing.Confirmed = was.DomainVerified, was.DomainProof, was.Standing.Confirmed
		}
		fresh.Secret = secret
		switch {
		case v.bySecret() && was.bySecret():
			v.SecretHash, fresh.Secret = was.SecretHash, ""
		case v.AuthMethod == MethodSecretJWT && was.AuthMethod == MethodSecretJWT:
			v.Sealed, fresh.Secret = was.Sealed, ""
		}
		r := *old.Registration
		r.Check = s.registrationHash(client, fresh.Token)
		if v.Registration != nil {
			r.Said, r.Scope, r.Texts = v.Registration.Said, v.Registration.Scope, v.Registration.Texts
		}
		v.Registration = &r
		return putVendor(tx, v)
	})
	return v, fresh, err
}

// excuse keeps what the operator permitted about PKCE, for a vendor that can still prove itself.
func excuse(v, was Vendor) string {
	if v.Public {
		return PKCERequired
	}
	return was.Protocol.PKCE
}

// Keep lets a provisional vendor stay: a customer has used it.
func (s *Vendors) Keep(ctx context.Context, client id.Client) error {
	return s.store.Update(ctx, func(tx store.Tx) error {
		rec, err := getVendorRecord(tx, client)
		if err != nil || rec.Registration == nil || rec.Registration.Expires == 0 {
			return err
		}
		r := *rec.Registration
		r.Expires, rec.Registration = 0, &r
		if rec.Logo != "" {
			logo, err := tx.Get(logoKey(client))
			if err != nil {
				return err
			}
			if err := tx.Put(logoKey(client), logo, time.Time{}); err != nil {
				return err
			}
		}
		return tx.Put(vendorKey(client), encode(rec), time.Time{})
	})
}

func (s *Vendors) manages(client id.Client, token string, check []byte) bool {
	return len(check) > 0 && hmac.Equal(s.registrationHash(client, token), check)
}

func (s *Vendors) registrationHash(client id.Client, token string) []byte {
	return s.keys.Hash("registration-access", []byte(client), []byte(token))
}
