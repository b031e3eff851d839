package provider

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/meins-id/meins/internal/egress"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
)

// Bounds of client ID metadata documents. Whose address nobody here has seen before is asked at most
// as often as the budget says: anybody can name any number of addresses.
const (
	maxClientDocument  = 16 << 10
	maxClientAddress   = 500
	maxClientDocuments = 1024

	documentBurst = 60
	documentEvery = time.Second
)

var errClientAddress = errors.New("a client_id that is an address needs https, a path, and nothing that could be written in two ways")

// isAddressed says that a client_id wants to be an address, and none that we gave.
func isAddressed(client string) bool { return strings.Contains(client, "://") }

// checkClientAddress holds Client ID Metadata Documents, 2: https, a path, no dot segments, no
// fragment, no user; a query says nothing that a path could not.
func (p *Provider) checkClientAddress(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || len(address) > maxClientAddress || !identity.IsPage(address) || p.out.Check(address) != nil:
		return errClientAddress
	case u.Path == "" || u.Path == "/" || strings.ContainsAny(address, "?#\\") || u.User != nil || u.String() != address:
		return errClientAddress
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return errClientAddress
		}
	}
	return nil
}

// described finds the vendor that describes itself at an address. While the address does not answer,
// what a customer decided on before still holds for a while.
func (p *Provider) described(ctx context.Context, address string) (identity.Vendor, error) {
	if !p.o.ClientDocuments || p.checkClientAddress(address) != nil {
		return identity.Vendor{}, identity.ErrNoVendor
	}
	var v identity.Vendor
	take := func(raw []byte) (err error) {
		v, err = p.describedBy(raw, address)
		return err
	}
	raw, err := p.clientDocuments.read(ctx, wish{address: address, limit: maxClientDocument, check: take})
	if err == nil && v.ID == "" { // kept from before
		err = take(raw)
	}
	if err == nil {
		return p.o.Vendors.Known(ctx, v)
	}
	if ctx.Err() != nil {
		return identity.Vendor{}, ctx.Err()
	}
	v, stored := p.o.Vendors.Get(ctx, identity.DocumentClient(address))
	if stored != nil || v.Document == nil || p.o.Now().After(time.Unix(v.Document.Read, 0).Add(documentStale)) {
		return identity.Vendor{}, identity.ErrNoVendor
	}
	return v, nil
}

// describedBy reads a document. Nothing that it names is fetched for it, but keys when they are used:
// whoever asks is a stranger.
func (p *Provider) describedBy(raw []byte, address string) (identity.Vendor, error) {
	m, err := parseMetadata(raw)
	if err != nil {
		return identity.Vendor{}, err
	}
	if m.AuthMethod == "" {
		m.AuthMethod = methodNone
	}
	m = m.completed()
	code, _ := m.mistake()
	switch {
	case m.ClientID != address:
		return identity.Vendor{}, refuseMetadata(errMetadata, "client_id is not the address of the document")
	case m.ClientSecret != "" || m.SecretExpires != nil || m.AuthMethod != methodNone && m.AuthMethod != methodKey:
		return identity.Vendor{}, refuseMetadata(errMetadata, "a document holds no secret")
	case code != "" || m.SectorURI != "" || len(m.RequestURIs) > 0 || m.UserInfoAlg != "" || m.UserInfoKeyAlg != "" || p.certificateMistake(m) != "":
		return identity.Vendor{}, refuseMetadata(errMetadata, "the document says what cannot be honoured")
	}
	v := m.vendor()
	u, err := url.Parse(address)
	if err != nil {
		return identity.Vendor{}, err
	}
	// Who it is, is where it describes itself. Nobody tells it of logouts: it registered for nothing.
	v.Domain, v.Protocol.Farewells = u.Hostname(), identity.Farewells{}
	said, err := m.said()
	if err != nil {
		return identity.Vendor{}, err
	}
	v.Registration = &identity.Registration{Said: said, Texts: m.texts, Scope: strings.Fields(m.Scope)}
	return p.o.Vendors.Described(v, address, p.o.Now())
}

// named refuses a vendor that was called by another name than its own: the name within is not one to
// be called by.
func named(v identity.Vendor, client id.Client) error {
	if v.ClientID() != string(client) {
		return identity.ErrNoVendor
	}
	return nil
}

// documentClient is the vendor's address, for what travels before anything is stored.
func documentClient(v identity.Vendor) string {
	if v.Document == nil {
		return ""
	}
	return v.Document.Address
}

// caller is the client_id that a request's vendor is found by again.
func (q request) caller() id.Client {
	if q.Document != "" {
		return id.Client(q.Document)
	}
	return q.Client
}

// newClientDocuments reads documents without following redirects (Client ID Metadata Documents, 3).
func newClientDocuments(loopback bool, now func() time.Time) *documents {
	d := newDocuments(egress.New(egress.Options{Loopback: loopback, Stay: true}), now)
	spent := &budget{now: now}
	get := d.get
	d.get = func(ctx context.Context, address string, header http.Header, limit int64) (egress.Answer, error) {
		if !spent.take() {
			return egress.Answer{}, errDocumentBusy
		}
		return get(ctx, address, header, limit)
	}
	d.most = maxClientDocuments
	return d
}

// budget is a number that comes back with time. It serves concurrent callers.
type budget struct {
	now func() time.Time

	mu    sync.Mutex
	spent float64
	at    time.Time
}

func (b *budget) take() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.spent = max(b.spent-float64(max(now.Sub(b.at), 0))/float64(documentEvery), 0) // clocks are set back, too
	b.at = now
	if b.spent+1 > documentBurst {
		return false
	}
	b.spent++
	return true
}
