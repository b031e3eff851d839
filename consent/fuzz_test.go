package consent_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/vault"
)

// Whatever a vendor sends as claims parameter: it is refused, or becomes an ask for claims that are
// known, each once, in order, with purposes that can be shown.
func FuzzParseClaims(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"userinfo":{"email":null}}`, `{"id_token":{"name":{"essential":true,"purpose":"to greet"}}}`,
		`{"userinfo":{"email":{"value":"x","values":["y"]},"sub":null},"id_token":{"email":{}}}`, `null`, `{"userinfo":[]}`,
	} {
		f.Add([]byte(seed))
	}
	var known []string
	for _, e := range vault.Catalogue() {
		known = append(known, e.Name)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := consent.ParseClaims(raw)
		if err != nil {
			return
		}
		ask, err := consent.NewAsk(consent.Request{Party: flowers, Claims: p})
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range ask.Claims {
			if !slices.Contains(known, c.Name) || i > 0 && c.Name <= ask.Claims[i-1].Name || !c.IDToken && !c.UserInfo {
				t.Errorf("%+v", c)
			}
			if strings.ContainsAny(c.Purpose, "\n\r\x00\u202e\u2066") {
				t.Errorf("purpose %q", c.Purpose)
			}
		}
	})
}
