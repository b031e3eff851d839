package provider

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/egress"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

// Lifetimes that are nobody's setting.
const (
	codeLifetime    = time.Minute
	flowLifetime    = 30 * time.Minute
	idTokenLifetime = time.Hour

	defaultAccessLifetime  = 10 * time.Minute
	defaultRefreshLifetime = 90 * 24 * time.Hour
)

// Options of New. What has no default is required.
type Options struct {
	Issuer   string // scheme and host, without a path or a slash at the end
	Accounts *identity.Accounts
	Vendors  *identity.Vendors
	Keys     *identity.Keyring
	Consent  *consent.Engine
	Store    store.Store
	Now      func() time.Time
	Log      *slog.Logger

	// Session says who is signed in in the browser that sends the request.
	Session func(*http.Request) (identity.Session, error)
	// ClearSession makes the browser forget its session.
	ClearSession func(http.ResponseWriter)
	// Restate hands the browser's state to a browser that has another or none. May be nil.
	Restate func(w http.ResponseWriter, r *http.Request, state string, expires time.Time)
	// ErrorPage shows what must not become a redirect: the vendor or its address is not known.
	ErrorPage func(w http.ResponseWriter, r *http.Request, status int, code string)
	// Resume shows the page that goes on under a grant in force (StepResume); without it browsers are
	// sent to ContinuePath for that too. With an Ending there is no flow: where the page cannot go on, it
	// sends the same request with "again" behind it.
	Resume func(w http.ResponseWriter, r *http.Request, flow string, s identity.Session, n Next)

	// Certificates says how vendors prove themselves with certificates; the zero value is not at all.
	Certificates Certificates
	// Registration says who may register a vendor: nobody but the operator, when it is empty.
	Registration string
	// ClientDocuments takes vendors whose client_id is the address of a document about them.
	ClientDocuments bool
	// Forget drops what other rooms keep of a vendor that ends its registration; may be nil.
	Forget func(context.Context, id.Client) error

	// StateCookie is the cookie with the browser's state (identity.Accounts.BrowserState); whoever sets the
	// session's sets it too. Default "meins_state".
	StateCookie string

	ContinuePath      string // default "/continue"
	SignedOutPath     string // default "/signed-out"
	ConfirmLogoutPath string // default "/signout"

	AccessTokenLifetime time.Duration // default 10 minutes
	RefreshLifetime     time.Duration // default and at most 90 days
}

// Provider is the OpenID Provider. Its methods may be called from any goroutine.
type Provider struct {
	o        Options
	records  records
	metadata metadata
	replays  *replays
	heads    *heads
	serving  atomic.Pointer[nonces]
	devices  *devices
	// documents are the keys that vendors keep at addresses of their own.
	documents *documents
	// objects are their requests. They are kept apart, so that naming another's address for one's own
	// requests keeps nobody's keys from being read.
	objects *documents
	// clientDocuments are what vendors say of themselves whose client_id is an address.
	clientDocuments *documents
	out             *egress.Client // reads what vendors name, once
	frame           string         // the page of pathFrame
	handler         http.Handler
}

// New checks the options, all at once, and makes the provider.
func New(o Options) (*Provider, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	p := &Provider{o: o, records: records{store: o.Store, now: o.Now, access: o.AccessTokenLifetime + time.Minute}}
	p.metadata = newMetadata(o.Issuer).withCertificates(o.Certificates)
	p.devices = newDevices(o.Now)
	p.replays = newReplays(o.Store, o.Now, o.Log)
	p.heads = newHeads()
	// Whoever runs the provider on loopback has the vendors there too.
	p.out = egress.New(egress.Options{Loopback: strings.HasPrefix(o.Issuer, "http:")})
	p.documents, p.objects = newDocuments(p.out, o.Now), newDocuments(p.out, o.Now)
	p.objects.most = maxObjects
	p.clientDocuments = newClientDocuments(strings.HasPrefix(o.Issuer, "http:"), o.Now)
	p.metadata.ClientDocuments = o.ClientDocuments
	if o.Registration != RegistrationOff {
		p.metadata.RegistrationEndpoint = o.Issuer + pathRegister
	}
	p.frame = framePage(o.StateCookie)
	p.handler = p.routes()
	return p, nil
}

// Handler serves /.well-known/openid-configuration, /.well-known/oauth-authorization-server and
// everything under /oauth/.
func (p *Provider) Handler() http.Handler { return p.handler }

func (o Options) withDefaults() Options {
	text := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	text(&o.StateCookie, "meins_state")
	text(&o.ContinuePath, "/continue")
	text(&o.SignedOutPath, "/signed-out")
	text(&o.ConfirmLogoutPath, "/signout")
	if o.AccessTokenLifetime <= 0 {
		o.AccessTokenLifetime = defaultAccessLifetime
	}
	// The key ring keeps the keys of tokens for this long and no longer.
	if o.RefreshLifetime <= 0 || o.RefreshLifetime > defaultRefreshLifetime {
		o.RefreshLifetime = defaultRefreshLifetime
	}
	return o
}

// check lists every mistake at once.
func (o Options) check() error {
	var problems []error
	if u, err := url.Parse(o.Issuer); err != nil || u.Host == "" || o.Issuer != u.Scheme+"://"+u.Host || !strings.HasPrefix(u.Scheme, "http") {
		problems = append(problems, fmt.Errorf("issuer %q: must be scheme and host alone", o.Issuer))
	}
	for name, missing := range map[string]bool{
		"accounts": o.Accounts == nil, "vendors": o.Vendors == nil, "keys": o.Keys == nil, "consent": o.Consent == nil,
		"store": o.Store == nil, "now": o.Now == nil, "log": o.Log == nil, "session": o.Session == nil,
		"clear session": o.ClearSession == nil, "error page": o.ErrorPage == nil,
	} {
		if missing {
			problems = append(problems, fmt.Errorf("%s: missing", name))
		}
	}
	if o.Registration != RegistrationOff && o.Registration != RegistrationToken && o.Registration != RegistrationOpen {
		problems = append(problems, fmt.Errorf("registration: unknown %q", o.Registration))
	}
	if a := o.Certificates.Address; a != "" {
		if u, err := url.Parse(a); err != nil || u.Host == "" || a != u.Scheme+"://"+u.Host || u.Scheme != "https" {
			problems = append(problems, fmt.Errorf("certificates %q: must be https and host alone", a))
		}
	}
	return errors.Join(problems...)
}
