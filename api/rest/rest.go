package rest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/netip"
	"time"

	"github.com/gorilla/mux"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/repeat"
	"github.com/meins-id/meins/signal"
)

// Base is the path under which every call lies.
const Base = "/api/v1"

// Options of New. All are needed.
type Options struct {
	Issuer   string
	Accounts *identity.Accounts
	Consent  *consent.Engine
	Provider *provider.Provider
	Keys     *identity.Keyring
	Signals  *signal.Transmitter
	Calls    *repeat.Store // over which all of the above write
	Cookie   Cookie
	Limits   Limits
	Now      func() time.Time
	Log      *slog.Logger
}

// REST answers the calls of api/openapi.yaml. Its methods may be called from any goroutine.
type REST struct {
	o                 Options
	vendors, programs *limiter
}

var _ ServerInterface = (*REST)(nil)

// New makes the handlers.
func New(o Options) *REST {
	return &REST{o: o, vendors: newLimiter("vendor", o.Limits.Vendor, o.Now), programs: newLimiter("program", o.Limits.Program, o.Now)}
}

// Register puts every call into the router.
func (s *REST) Register(r *mux.Router) {
	HandlerWithOptions(s, GorillaServerOptions{
		BaseURL: Base, BaseRouter: r, Middlewares: []MiddlewareFunc{tagged},
		ErrorHandlerFunc: func(w http.ResponseWriter, r *http.Request, err error) {
			s.fail(w, r, errParameter.Because(err))
		},
	})
}

// The faults of the surface itself.
var (
	errBody      = fault.New(fault.Invalid, "body-malformed", "the request's body is not what this call takes")
	errBodySize  = fault.New(fault.TooLarge, "body-too-large", "the request's body is too large")
	errParameter = fault.New(fault.Invalid, "parameter-malformed", "a parameter of the request is malformed")
	errForgetful = fault.New(fault.Unavailable, "account-half-deleted", "the login is deleted, what it kept is not yet; sign-in is no longer possible, and the rest follows")
)

// read decodes a JSON body. A form cannot be sent in its place: browsers may send forms across
// sites, JSON not.
func read[T any](r *http.Request) (in T, err error) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return in, errBody.Because(errors.New("content type is not application/json"))
	}
	d := json.NewDecoder(r.Body)
	if err := d.Decode(&in); err != nil {
		var size *http.MaxBytesError
		if errors.As(err, &size) {
			return in, errBodySize.Because(err)
		}
		// The decoder's text may quote the body, and the body may hold a proof.
		return in, errBody
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return in, errBody
	}
	return in, nil
}

// session says who calls; a session that must first renew its secrets is nobody here.
func (s *REST) session(r *http.Request) (identity.Session, error) {
	one, err := s.anySession(r)
	if err == nil && one.MustRenew {
		return identity.Session{}, identity.ErrMustRenew
	}
	return one, err
}

// anySession says who calls, also when the session must renew.
func (s *REST) anySession(r *http.Request) (identity.Session, error) {
	return s.o.Accounts.Session(r.Context(), s.o.Cookie.Read(r))
}

// vendor says which vendor calls, if it does not call too often.
func (s *REST) vendor(w http.ResponseWriter, r *http.Request) (id.Client, error) {
	client, err := s.o.Provider.VendorOf(r)
	if err == nil {
		err = s.vendors.admit(w.Header(), string(client))
	}
	return client, err
}

// source says where an attempt comes from. The address is the peer's, or the one that a trusted
// proxy named: api has settled that.
func source(r *http.Request) identity.Source {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return identity.Source{UserAgent: r.UserAgent()}
	}
	return identity.Source{Addr: at.Addr().Unmap(), UserAgent: r.UserAgent()}
}

// parsed checks the form of an identifier that came from outside.
func parsed[T ~string](text string) (T, error) {
	v, err := id.Parse[T](text)
	if err != nil {
		return "", errParameter.Because(err)
	}
	return v, nil
}

// called is a call of a signed-in customer: body in, domain, body out.
func called[In, Out any](s *REST, w http.ResponseWriter, r *http.Request, do func(context.Context, identity.Session, In) (Out, error)) {
	who, err := s.session(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	in, err := read[In](r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	out, err := do(r.Context(), who, in)
	s.answer(w, r, http.StatusOK, out, err)
}

// asked is a signed-in customer's question: no body.
func asked[Out any](s *REST, w http.ResponseWriter, r *http.Request, do func(context.Context, identity.Session) (Out, error)) {
	who, err := s.session(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	out, err := do(r.Context(), who)
	s.answer(w, r, http.StatusOK, out, err)
}
