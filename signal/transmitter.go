package signal

import (
	"log/slog"
	"time"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/egress"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

// Options of New. All are needed.
type Options struct {
	Issuer  string
	Store   store.Store
	Keys    *identity.Keyring
	Vendors *identity.Vendors
	// Subject is the customer's name towards one vendor, the same that its ID tokens have as sub.
	Subject func(v identity.Vendor, account id.Account, persona id.Persona) string
	Out     *egress.Client
	Now     func() time.Time
	Log     *slog.Logger
}

// Transmitter keeps the vendors' streams and delivers their events. Its methods may be called from
// any goroutine.
type Transmitter struct {
	o    Options
	node string // names this process among those that share the store

	pushes *pushes
}

// New makes a transmitter; Run delivers.
func New(o Options) *Transmitter {
	return &Transmitter{o: o, node: string(id.New[id.Event]()), pushes: newPushes()}
}

// now is the precision of times in streams and events.
func (t *Transmitter) now() time.Time { return t.o.Now().UTC().Truncate(time.Millisecond) }

// Where vendors find what belongs to streams, below the issuer.
const (
	PathMetadata = "/.well-known/ssf-configuration"
	PathStream   = "/api/v1/ssf/stream"
	PathStatus   = "/api/v1/ssf/status"
	PathVerify   = "/api/v1/ssf/verify"
	PathPoll     = "/api/v1/ssf/poll"
)

// Metadata is the transmitter's configuration (SSF 1.0, 7.1).
type Metadata struct {
	SpecVersion            string   `json:"spec_version"`
	Issuer                 string   `json:"issuer"`
	JWKSURI                string   `json:"jwks_uri"`
	DeliveryMethods        []Method `json:"delivery_methods_supported"`
	ConfigurationEndpoint  string   `json:"configuration_endpoint"`
	StatusEndpoint         string   `json:"status_endpoint"`
	VerificationEndpoint   string   `json:"verification_endpoint"`
	CriticalSubjectMembers []string `json:"critical_subject_members,omitempty"`
	AuthorizationSchemes   []Scheme `json:"authorization_schemes"`
	DefaultSubjects        string   `json:"default_subjects"`
}

// Scheme is a way to prove who calls.
type Scheme struct {
	URN string `json:"spec_urn"`
}

// Metadata says where everything is. A stream is about every customer of the vendor, so there is
// nothing to add subjects to.
func (t *Transmitter) Metadata(keys string) Metadata {
	return Metadata{
		SpecVersion: "1_0", Issuer: t.o.Issuer, JWKSURI: t.o.Issuer + keys,
		DeliveryMethods:       []Method{Push, Poll},
		ConfigurationEndpoint: t.o.Issuer + PathStream, StatusEndpoint: t.o.Issuer + PathStatus,
		VerificationEndpoint: t.o.Issuer + PathVerify,
		AuthorizationSchemes: []Scheme{{URN: "urn:ietf:rfc:6749"}},
		DefaultSubjects:      "ALL",
	}
}
