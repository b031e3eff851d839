package consent_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/vault"
)

// showable says that nothing of a purpose can hide, or turn the text around it.
func showable(p consent.Purpose) bool {
	texts := []string{p.ID, p.IRI, p.Text, p.In("de"), p.In("xx")}
	for tag, text := range p.Local {
		texts = append(texts, tag, text)
	}
	return !slices.ContainsFunc(texts, func(s string) bool { return strings.ContainsAny(s, "\n\r\x00\u202e\u2066") })
}

// Whatever a vendor sends as authorization details: they are refused, or become an ask for claims that
// are known, each for purposes that can be shown, with recipients that have names.
func FuzzParseDetails(f *testing.F) {
	for _, seed := range []string{
		bill, "[" + bill + "," + parcel + "]", `[]`, `null`, `[{}]`, `[{"type":"other"}]`,
		`[{"type":"https://meins.id/consent","claims":[{"name":"email"}],"purpose":{"text":"why not","text#de":"warum nicht"},"ends":"P1DT2H"}]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := consent.ParseDetails(raw)
		if err != nil {
			if d != nil {
				t.Error("details came with an error")
			}
			return
		}
		ask, err := consent.NewAsk(consent.Request{Party: flowers, Details: d, Scopes: []string{"openid", "offline_access", "email"}})
		if err != nil || ask.Ends <= 0 || ask.Ends > consent.MaxEnds || ask.Once && (ask.Offline || ask.Continuous) {
			t.Fatalf("%+v, %v", ask, err)
		}
		for _, c := range d.Claims {
			asked := slices.IndexFunc(ask.Claims, func(o consent.Claim) bool { return o.Name == c.Name })
			if asked < 0 || len(ask.Claims[asked].Purposes) == 0 || slices.ContainsFunc(ask.Claims[asked].Purposes, func(p consent.Purpose) bool { return !showable(p) }) {
				t.Fatalf("%+v", c)
			}
		}
		for _, name := range ask.Recipients {
			if strings.EqualFold(name, "partners") || strings.TrimSpace(name) == "" {
				t.Errorf("recipient %q", name)
			}
		}
	})
}

// Whatever a vendor sends as claims parameter: it is refused, or becomes an ask for claims that are
// known, each once, in order, with purposes that can be shown.
func FuzzParseClaims(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"userinfo":{"email":null}}`, `{"id_token":{"name":{"essential":true,"purpose":"to greet"}}}`,
		`{"userinfo":{"email":{"value":"x","values":["y"]},"sub":null},"id_token":{"email":{}}}`, `null`, `{"userinfo":[]}`,
	} {
		f.Add([]byte(seed))
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
			if _, err := vault.Lookup(c.Name); err != nil || i > 0 && c.Name <= ask.Claims[i-1].Name || !c.IDToken && !c.UserInfo {
				t.Errorf("%+v", c)
			}
			for _, p := range c.Purposes {
				if !showable(p) {
					t.Errorf("purpose %+v", p)
				}
			}
		}
	})
}
