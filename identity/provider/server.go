package provider

import (
	"context"
	"net/http"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// server shows the provider to the library as its op.Server: typed requests in, answers or errors
// that may be shown out. What browsers visit is not here: the authorization endpoint and logout are
// our own, since the library answers with JSON where the standard wants a redirect or a page.
type server struct {
	op.UnimplementedServer
	p *Provider
}

var _ op.Server = (*server)(nil)

// VerifyClient implements op.Server. What the library parsed does not tell the methods of client
// authentication apart; the request does.
func (s *server) VerifyClient(ctx context.Context, r *op.Request[op.ClientCredentials]) (op.Client, error) {
	v, err := s.p.identify(ctx, r.Header, r.Form)
	if err != nil {
		_, err = s.p.respond(ctx, "authenticate client", nil, err)
		return nil, err
	}
	return client{v}, nil
}

// CodeExchange implements op.Server.
func (s *server) CodeExchange(ctx context.Context, r *op.ClientRequest[oidc.AccessTokenRequest]) (*op.Response, error) {
	t, err := s.p.exchangeCode(ctx, vendorOf(r.Client), proof{}, exchange{
		code: r.Data.Code, redirectURI: r.Data.RedirectURI, verifier: r.Data.CodeVerifier,
	})
	return s.p.respond(ctx, "exchange code", t, err)
}

// RefreshToken implements op.Server.
func (s *server) RefreshToken(ctx context.Context, r *op.ClientRequest[oidc.RefreshTokenRequest]) (*op.Response, error) {
	t, err := s.p.refresh(ctx, vendorOf(r.Client), proof{}, r.Data.RefreshToken, r.Form.Get("scope"), "")
	return s.p.respond(ctx, "refresh", t, err)
}

// ClientCredentialsExchange implements op.Server.
func (s *server) ClientCredentialsExchange(ctx context.Context, r *op.ClientRequest[oidc.ClientCredentialsRequest]) (*op.Response, error) {
	t, err := s.p.issueToClient(ctx, vendorOf(r.Client), proof{}, "")
	return s.p.respond(ctx, "issue to client", t, err)
}

// Introspect implements op.Server.
func (s *server) Introspect(ctx context.Context, r *op.Request[op.IntrospectionRequest]) (*op.Response, error) {
	_, answer, err := s.p.introspect(ctx, r.Header, r.Form)
	return s.p.respond(ctx, "introspect", answer, err)
}

// UserInfo implements op.Server.
func (s *server) UserInfo(ctx context.Context, r *op.Request[oidc.UserInfoRequest]) (*op.Response, error) {
	read, err := s.p.userInfo(ctx, r.Data.AccessToken, proof{})
	return s.p.respond(ctx, "userinfo", read.body, err)
}

// Revocation implements op.Server.
func (s *server) Revocation(ctx context.Context, r *op.ClientRequest[oidc.RevocationRequest]) (*op.Response, error) {
	err := s.p.revoke(ctx, vendorOf(r.Client), r.Data.Token)
	return s.p.respond(ctx, "revoke", nil, err)
}

// library is what the library's HTTP layer serves: what answers programs, and is not on the hot path.
func (p *Provider) library() http.Handler {
	return op.RegisterServer(&server{p: p}, op.Endpoints{
		Revocation: op.NewEndpoint(pathRevoke),
		JwksURI:    op.NewEndpoint(pathKeys),
	}, op.WithServerCORSOptions(nil))
}
