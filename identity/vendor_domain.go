package identity

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/id"
)

// Where a domain says which vendors are its own.
const (
	ProofFile = "file" // https://DOMAIN/.well-known/meins-verification.txt, a client_id on each line
	ProofDNS  = "dns"  // a TXT record of _meins.DOMAIN for each client_id

	proofPath = "/.well-known/meins-verification.txt"
	proofName = "_meins."
)

// DomainProof is when a domain was found to name the vendor, and how. The zero DomainProof of a
// verified vendor means that the operator vouches for it.
type DomainProof struct {
	How string    `json:"how"`
	At  time.Time `json:"at"`
}

// record is what is stored of it: nothing, where nothing was proved.
func (p DomainProof) record() *DomainProof {
	if p == (DomainProof{}) {
		return nil
	}
	return &p
}

func (r vendorRecord) proof() DomainProof {
	if r.Proof == nil {
		return DomainProof{}
	}
	return *r.Proof
}

// ErrNotProven says that a domain does not name the vendor.
var ErrNotProven = fault.New(fault.NotFound, "domain-not-proven", "neither the file nor a TXT record of the domain names this client_id")

// errNoDomain says that there is nothing to prove.
var errNoDomain = fault.New(fault.Conflict, "domain-missing", "this vendor has no domain to prove")

// Prover looks where a domain can name its vendors.
type Prover struct {
	File func(ctx context.Context, address string) ([]byte, error)
	TXT  func(ctx context.Context, name string) ([]string, error)
}

// VerifyDomain looks whether the vendor's domain names it, and keeps what was found. When it does
// not, the vendor is verified no more. When nothing could be asked, nothing changes.
func (s *Vendors) VerifyDomain(ctx context.Context, client id.Client, p Prover) (Vendor, error) {
	v, err := s.Get(ctx, client)
	if err != nil {
		return Vendor{}, err
	}
	if v.Domain == "" {
		return Vendor{}, errNoDomain
	}
	how, asked := p.find(ctx, v)
	if how == "" && asked != nil {
		return Vendor{}, ErrNotProven.Because(asked)
	}
	if how != "" {
		if err := s.Keep(ctx, client); err != nil { // the operator knows it now
			return Vendor{}, err
		}
	}
	err = s.changeVendor(ctx, client, func(r *vendorRecord) error {
		if r.Domain != v.Domain {
			return ErrNotProven // it has moved meanwhile
		}
		r.Verified, r.Proof = how != "", nil
		if how != "" {
			r.Proof = &DomainProof{How: how, At: s.now().UTC().Truncate(time.Second)}
		}
		return nil
	})
	if err != nil {
		return Vendor{}, err
	}
	if how == "" {
		return Vendor{}, ErrNotProven
	}
	return s.Get(ctx, client)
}

// find says how a domain names the vendor. The error says that one of the two could not be asked.
func (p Prover) find(ctx context.Context, v Vendor) (how string, err error) {
	body, fileErr := p.File(ctx, "https://"+v.Domain+proofPath)
	if fileErr == nil && slices.Contains(strings.Fields(string(body)), v.ClientID()) {
		return ProofFile, nil
	}
	records, txtErr := p.TXT(ctx, proofName+v.Domain)
	for _, record := range records {
		if txtErr == nil && strings.TrimSpace(record) == v.ClientID() {
			return ProofDNS, nil
		}
	}
	return "", errors.Join(fileErr, txtErr)
}
