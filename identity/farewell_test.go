package identity_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/meins-id/meins/identity"
)

func TestVendor_whereItHearsOfLogouts_mustBeItsOwn(t *testing.T) {
	w := newWorld(t)
	for name, f := range map[string]identity.Farewells{
		"plain http":          {BackLogout: "http://shop.example/out"},
		"fragment":            {BackLogout: "https://shop.example/out#x"},
		"another's origin":    {FrontLogout: "https://other.example/out"},
		"another port":        {FrontLogout: "https://shop.example:8443/out"},
		"breaks the policy":   {FrontLogout: "https://shop.example/out;script-src"},
		"demands and has not": {BackLogoutSession: true},
		"and in the browser":  {FrontLogoutSession: true},
	} {
		v := identity.Vendor{Name: "Shop", RedirectURIs: []string{"https://shop.example/back"}}
		v.Protocol.Farewells = f
		if _, _, err := w.vendors.Add(t.Context(), v); !errors.Is(err, identity.ErrVendorInvalid) || !strings.Contains(err.Error(), "logout") {
			t.Errorf("%s: %v", name, err)
		}
	}
	v := identity.Vendor{Name: "Shop", RedirectURIs: []string{"https://shop.example/back"}}
	v.Protocol.Farewells = identity.Farewells{BackLogout: "https://hear.example/out?x=1", BackLogoutSession: true, FrontLogout: "https://shop.example/out"}
	added, _, err := w.vendors.Add(t.Context(), v)
	must(t, err)
	if got, err := w.vendors.Get(t.Context(), added.ID); err != nil || got.Protocol.Farewells != v.Protocol.Farewells {
		t.Errorf("%+v %v", got.Protocol.Farewells, err)
	}
}
