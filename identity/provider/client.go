package provider

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
)

// The grant types that exist here.
const (
	grantCode     = identity.GrantCode
	grantRefresh  = identity.GrantRefresh
	grantClient   = identity.GrantClient
	grantExchange = identity.GrantExchange
)

// The scopes that mean something beside those that ask for claims.
const (
	scopeOpenID  = oidc.ScopeOpenID
	scopeOffline = oidc.ScopeOfflineAccess
)

// client shows a vendor to the library. The library asks it little: what matters is checked by us.
type client struct{ vendor identity.Vendor }

var _ op.Client = client{}

// vendorOf is the vendor that VerifyClient authenticated; only it makes clients here.
func vendorOf(c op.Client) identity.Vendor { return c.(client).vendor }

// vendor finds a vendor by its client_id; identity.ErrNoVendor for everything that is none.
func (p *Provider) vendor(ctx context.Context, client id.Client) (identity.Vendor, error) {
	if isAddressed(string(client)) {
		return p.described(ctx, string(client))
	}
	v, err := p.o.Vendors.Get(ctx, client)
	if err != nil {
		return identity.Vendor{}, fmt.Errorf("find vendor: %w", err)
	}
	return v, nil
}

// allows says whether a vendor may use a grant type. One that registered none has the code grant and,
// when the customer permits it, refresh tokens; acting for itself is always registered, and never for
// a vendor that cannot prove who it is.
func allows(v identity.Vendor, grant string) bool {
	if grant == grantClient && v.Public {
		return false
	}
	if len(v.GrantTypes) == 0 {
		return grant == grantCode || grant == grantRefresh
	}
	return slices.Contains(v.GrantTypes, grant)
}

func (c client) GetID() string                    { return string(c.vendor.ID) }
func (c client) RedirectURIs() []string           { return c.vendor.RedirectURIs }
func (c client) PostLogoutRedirectURIs() []string { return c.vendor.PostLogoutRedirectURIs }
func (c client) AuthMethod() oidc.AuthMethod      { return oidc.AuthMethod(c.vendor.AuthMethod) }
func (c client) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (c client) LoginURL(string) string               { return "" } // the authorization endpoint is ours
func (c client) AccessTokenType() op.AccessTokenType  { return op.AccessTokenTypeBearer }
func (c client) IDTokenLifetime() time.Duration       { return idTokenLifetime }
func (c client) DevMode() bool                        { return false }
func (c client) IsScopeAllowed(string) bool           { return false }
func (c client) IDTokenUserinfoClaimsAssertion() bool { return false }
func (c client) ClockSkew() time.Duration             { return 0 }

func (c client) ApplicationType() op.ApplicationType {
	if c.vendor.Public {
		return op.ApplicationTypeNative
	}
	return op.ApplicationTypeWeb
}

func (c client) GrantTypes() []oidc.GrantType {
	var types []oidc.GrantType
	for _, grant := range []string{grantCode, grantRefresh, grantClient} {
		if allows(c.vendor, grant) {
			types = append(types, oidc.GrantType(grant))
		}
	}
	return types
}

//lint:ignore ST1003 the library names it
func (c client) RestrictAdditionalIdTokenScopes() func([]string) []string { return noScopes }

func (c client) RestrictAdditionalAccessTokenScopes() func([]string) []string { return noScopes }

func noScopes([]string) []string { return nil }
