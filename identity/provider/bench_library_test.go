package provider

import (
	"net/http"

	"github.com/zitadel/oidc/v3/pkg/op"
)

// ThroughLibrary serves everything by the library's own HTTP layer, to measure what it costs.
func ThroughLibrary(p *Provider) http.Handler {
	return op.RegisterServer(&server{p: p}, op.Endpoints{
		Token: op.NewEndpoint(pathToken), Userinfo: op.NewEndpoint(pathUserInfo), Introspection: op.NewEndpoint(pathIntrospect),
	}, op.WithServerCORSOptions(nil))
}
