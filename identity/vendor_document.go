package identity

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"strings"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

// Document is where a vendor describes itself whose client_id is an https address (Client ID Metadata
// Documents), and when it last stood there.
type Document struct {
	Address string `json:"address"`
	Read    int64  `json:"read"`
}

// DocumentClient is how such a vendor is named within: its grants, tokens and records hang on it. It
// is the same on every node, and cannot be that of a vendor that was registered.
func DocumentClient(address string) id.Client {
	sum := sha256.Sum256([]byte("meins/client-id-document\x00" + address))
	name := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:])
	return id.Client(strings.ToLower(name[:26]))
}

// ClientID is the vendor's name in everything that it reads.
func (v Vendor) ClientID() string {
	if v.Document != nil {
		return v.Document.Address
	}
	return string(v.ID)
}

// Described makes a vendor of what its document says, or says what is wrong with it. It is stored
// when a customer decides about it, and not before; see Remember.
func (s *Vendors) Described(v Vendor, address string, read time.Time) (Vendor, error) {
	v.ID, v.SectorIdentifier = DocumentClient(address), string(DocumentClient(address))
	v.Document = &Document{Address: address, Read: read.Unix()}
	v, secret, err := s.prepare(v)
	if err != nil {
		return Vendor{}, err
	}
	if secret != "" {
		return Vendor{}, &InvalidVendor{Mistakes: []string{"authentication method: a document holds no secret"}}
	}
	return v, nil
}

// documentNoted is how long the time is not written again when a document was read.
const documentNoted = 12 * time.Hour

// unchanged says that what is stored says the same, and was read not long before.
func (v Vendor) unchanged(stored Vendor) bool {
	if stored.Document == nil || v.Document.Read-stored.Document.Read > int64(documentNoted/time.Second) {
		return false
	}
	v.Document, v.Created = stored.Document, stored.Created
	return bytes.Equal(encode(v.record()), encode(stored.record()))
}

// Remember stores a vendor as its document describes it. Its domain stays proven as long as it is the
// same party.
func (s *Vendors) Remember(ctx context.Context, v Vendor) error {
	if v.Document == nil {
		return nil
	}
	if stored, err := s.Get(ctx, v.ID); err == nil && v.unchanged(stored) {
		return nil
	}
	return s.store.Update(ctx, func(tx store.Tx) error {
		old, err := getVendorRecord(tx, v.ID)
		if err != nil && !errors.Is(err, ErrNoVendor) {
			return err
		}
		if err == nil {
			was := old.vendor(logoRecord{})
			v.Created = was.Created
			v.Standing.Confirmed = ""
			if v.DomainVerified, v.DomainProof = false, (DomainProof{}); v.sameParty(was) {
				v.DomainVerified, v.DomainProof = was.DomainVerified, was.DomainProof
				v.Standing.Confirmed = was.Standing.Confirmed
			}
		}
		return putVendor(tx, v)
	})
}

// Known adds to a vendor what is known here and not in its document: whether its domain is proven.
func (s *Vendors) Known(ctx context.Context, v Vendor) (Vendor, error) {
	was, err := s.Get(ctx, v.ID)
	if errors.Is(err, ErrNoVendor) {
		return v, nil
	}
	if err == nil && v.sameParty(was) {
		v.DomainVerified, v.DomainProof = was.DomainVerified, was.DomainProof
		v.Standing.Confirmed = was.Standing.Confirmed
	}
	return v, err
}
