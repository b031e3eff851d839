package consent_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/internal/id"
)

var flowers = consent.Party{Client: "flowers2222222222222222222", Name: "Flowers", Domain: "flowers.example"}

var (
	advertising = consent.NewPurpose("https://w3id.org/dpv#Advertising", "", nil)
	delivery    = consent.NewPurpose("", "to deliver", map[string]string{"de": "zum Liefern"})
)

func plain(text string) []consent.Purpose {
	return []consent.Purpose{consent.NewPurpose("", text, nil)}
}

func newAsk(t *testing.T, r consent.Request) consent.Ask {
	t.Helper()
	r.Party = flowers
	ask, err := consent.NewAsk(r)
	if err != nil {
		t.Fatal(err)
	}
	return ask
}

func parseClaims(t *testing.T, raw string) *consent.ClaimsParameter {
	t.Helper()
	p, err := consent.ParseClaims([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestNewAsk_scopes_areOptionalClaimsForUserInfo(t *testing.T) {
	ask := newAsk(t, consent.Request{Scopes: []string{"openid", "email", "address", "unheard-of"}})
	want := []consent.Claim{
		{Name: "address", UserInfo: true},
		{Name: "email", UserInfo: true},
		{Name: "email_verified", UserInfo: true},
	}
	if diff := cmp.Diff(want, ask.Claims); diff != "" {
		t.Error(diff)
	}
	if ask.Offline {
		t.Error("offline access was not asked for")
	}
}

func TestNewAsk_openidAlone_asksForNothing(t *testing.T) {
	if ask := newAsk(t, consent.Request{Scopes: []string{"openid"}}); len(ask.Claims) != 0 {
		t.Errorf("asks for %v", ask.Claims)
	}
}

func TestNewAsk_profile_asksForWhatTheStandardNames(t *testing.T) {
	ask := newAsk(t, consent.Request{Scopes: []string{"profile"}})
	var names []string
	for _, c := range ask.Claims {
		names = append(names, c.Name)
	}
	want := strings.Fields("birthdate family_name gender given_name locale middle_name name nickname" +
		" picture preferred_username profile updated_at website zoneinfo")
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

func TestNewAsk_claimsParameter_joinsTheScopes(t *testing.T) {
	ask := newAsk(t, consent.Request{
		Scopes: []string{"email", "offline_access"},
		Claims: parseClaims(t, `{
			"userinfo": {"email": {"essential": true, "purpose": "to send the bill"}, "age_over_18": {"essential": true}, "sub": {"value": "x"}, "favourite_plant": {"essential": true}, "verified_claims": null, "https://x/y": null, "age_over_999": null},
			"id_token": {"email": null, "name": {"purpose": "to greet you"}, "auth_time": {"essential": true}},
			"something_else": 7
		}`),
		Purposes: map[string]string{"email": "registered for email", "email_verified": "registered for verified"},
	})
	want := []consent.Claim{
		{Name: "age_over_18", Required: true, UserInfo: true},
		{Name: "email", Required: true, Purposes: plain("to send the bill"), IDToken: true, UserInfo: true},
		{Name: "email_verified", Purposes: plain("registered for verified"), UserInfo: true},
		{Name: "favourite_plant", UserInfo: true}, // perhaps the customer's own; never required
		{Name: "name", Purposes: plain("to greet you"), IDToken: true},
	}
	if diff := cmp.Diff(want, ask.Claims); diff != "" {
		t.Error(diff)
	}
	if !ask.Offline || !ask.Continuous {
		t.Errorf("offline %v, continuous %v", ask.Offline, ask.Continuous)
	}
}

func TestNewAsk_anyAge_andFewNamesOfTheCustomersOwn(t *testing.T) {
	ask := newAsk(t, consent.Request{Claims: parseClaims(t, `{"userinfo": {"age_over_67": {"essential": true},
		"plant_a": null, "plant_b": null, "plant_c": null, "plant_d": null, "plant_e": null, "plant_f": null}}`)})
	if len(ask.Claims) != 6 || ask.Claims[0].Name != "age_over_67" || !ask.Claims[0].Required || ask.Claims[5].Name != "plant_e" {
		t.Errorf("asked: %+v", ask.Claims)
	}
}

func TestNewAsk_purpose_fallsBackFromClaimToScopeToNone(t *testing.T) {
	ask := newAsk(t, consent.Request{
		Scopes:   []string{"email", "phone", "address"},
		Purposes: map[string]string{"email": "by name or scope", "phone": "by scope", "phone_number": "by name"},
	})
	want := map[string]string{
		"address": "", "email": "by name or scope", "email_verified": "by name or scope",
		"phone_number": "by name", "phone_number_verified": "by scope",
	}
	got := map[string]string{}
	for _, c := range ask.Claims {
		got[c.Name] = ""
		for _, p := range c.Purposes {
			got[c.Name] += p.Text
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNewAsk_endsAfterAYearAtMost(t *testing.T) {
	for asked, want := range map[time.Duration]time.Duration{
		0: consent.MaxEnds, -time.Hour: consent.MaxEnds, time.Hour: time.Hour, 10 * consent.MaxEnds: consent.MaxEnds,
	} {
		if got := newAsk(t, consent.Request{Ends: asked}).Ends; got != want {
			t.Errorf("asked for %v: %v", asked, got)
		}
	}
}

func TestNewAsk_once_doesNotFollowTheVault(t *testing.T) {
	ask := newAsk(t, consent.Request{Once: true, Scopes: []string{"offline_access"}})
	if ask.Continuous || ask.Offline || !ask.Once {
		t.Errorf("%+v", ask)
	}
}

func TestNewAsk_nobody_isRefused(t *testing.T) {
	for _, p := range []consent.Party{{}, {Name: "nameless client"}, {Client: "x"}} {
		if _, err := consent.NewAsk(consent.Request{Party: p}); !errors.Is(err, consent.ErrParty) {
			t.Errorf("%+v: %v", p, err)
		}
	}
}

func TestParseClaims_malformed_isRefusedWithoutQuotingIt(t *testing.T) {
	for _, raw := range []string{
		"", "null", "7", `"x"`, "[]", "{", `{"userinfo": 7}`, `{"userinfo": {"email": 7}}`,
		`{"userinfo": {"email": {"essential": "MARKER"}}}`, `{"userinfo": {"email": {"values": 3}}}`,
		"{} {}", "{\"userinfo\": {\"\xff\": null}}",
		`{"x": "` + strings.Repeat("a", 64<<10) + `"}`,
		strings.Repeat(`{"userinfo":`, 5000),
	} {
		_, err := consent.ParseClaims([]byte(raw))
		if !errors.Is(err, consent.ErrClaims) {
			t.Errorf("%.40q: %v", raw, err)
		}
		if err != nil && strings.Contains(err.Error(), "MARKER") {
			t.Errorf("the error quotes the vendor: %v", err)
		}
	}
}

func TestParseClaims_purposeThatCannotBeShown_isRefused(t *testing.T) {
	for _, purpose := range []string{"no", strings.Repeat("a", 301), `line\nbreak`, `turn \u202e around`, `\u2066hidden\u2069`, `\ufeff mark`, `   `, `\u200b\u200b\u200b`, `\u3164\u3164\u3164`, `pay\u00adment`} {
		_, err := consent.ParseClaims([]byte(`{"id_token": {"email": {"purpose": "` + purpose + `"}}}`))
		if !errors.Is(err, consent.ErrPurpose) {
			t.Errorf("%.40q: %v", purpose, err)
		}
	}
	if _, err := consent.ParseClaims([]byte(`{"id_token": {"email": {"purpose": "für die Rechnung, zero\u200djoined"}}}`)); err != nil {
		t.Error(err)
	}
}

// The digest is part of receipts that customers keep: it never changes for the same ask.
func TestDigest_isFrozen(t *testing.T) {
	ask := consent.Ask{
		Party: consent.Party{
			Client: "flowers2222222222222222222", Name: "Flowers", Domain: "flowers.example", Verified: true,
			Contact: "mailto:hi@flowers.example", PolicyURI: "https://flowers.example/policy",
			TermsURI: "https://flowers.example/terms", Logo: "abc", Sector: "flowers.example",
		},
		Claims: []consent.Claim{
			{Name: "address", Purposes: []consent.Purpose{delivery, advertising}, UserInfo: true},
			{Name: "email", Required: true, Purposes: plain("to confirm"), IDToken: true, UserInfo: true},
		},
		Offline: true, Continuous: true, Ends: consent.MaxEnds,
		Retention: "P6M", Recipients: []string{"DHL Paket GmbH"}, Terms: []string{"SD-BASE"},
	}
	if got, want := ask.Digest(), "H1u8lFjdjciPvQz6s9_qP7DyXDTDwlJMCFg4n6wor2g"; got != want {
		t.Errorf("Digest = %q, want %q", got, want)
	}
	if got, want := (consent.Ask{}).Digest(), "0-otfG3NEkGvA7uLkzDWIJJyyv7IBgZKct0av-NXlkw"; got != want {
		t.Errorf("Digest of nothing = %q, want %q", got, want)
	}
}

// Every field counts, and no two asks share a digest.
func TestDigest_differsWheneverTheAskDiffers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawAsk(t, "a"), drawAsk(t, "b")
		if rapid.Bool().Draw(t, "near") {
			b = near(t, a)
		}
		same := reflect.DeepEqual(normal(a), normal(b))
		if (a.Digest() == b.Digest()) != same {
			t.Fatalf("same %v, but digests %s and %s", same, a.Digest(), b.Digest())
		}
	})
}

// near changes one field of an ask, or moves a letter from one field to the next.
func near(t *rapid.T, a consent.Ask) consent.Ask {
	p := &a.Party
	texts := []*string{(*string)(&p.Client), &p.Name, &p.Domain, &p.Contact, &p.PolicyURI, &p.TermsURI, &p.Logo, &p.Sector, (*string)(&p.Kind)}
	texts = append(texts, &a.Retention)
	truths := []*bool{&p.Verified, &a.Offline, &a.Continuous, &a.Once, &a.Detailed}
	a.Claims = append([]consent.Claim(nil), a.Claims...)
	for i := range a.Claims {
		c := &a.Claims[i]
		texts = append(texts, &c.Name)
		c.Purposes = slices.Clone(c.Purposes)
		for j := range c.Purposes {
			texts = append(texts, &c.Purposes[j].ID, &c.Purposes[j].IRI, &c.Purposes[j].Text)
		}
		truths = append(truths, &c.Required, &c.IDToken, &c.UserInfo)
	}
	switch rapid.SampledFrom([]string{"text", "move", "truth", "ends"}).Draw(t, "change") {
	case "text":
		*rapid.SampledFrom(texts).Draw(t, "which") += "x"
	case "move":
		i := rapid.IntRange(0, len(texts)-2).Draw(t, "from")
		if from, to := texts[i], texts[i+1]; *from != "" {
			*to = (*from)[len(*from)-1:] + *to
			*from = (*from)[:len(*from)-1]
		}
	case "truth":
		which := rapid.SampledFrom(truths).Draw(t, "which")
		*which = !*which
	case "ends":
		a.Ends++
	}
	return a
}

func normal(a consent.Ask) consent.Ask {
	if len(a.Claims) == 0 {
		a.Claims = nil
	}
	return a
}

func drawTexts(t *rapid.T, text *rapid.Generator[string], label string) []string {
	list := rapid.SliceOfN(text, 0, 2).Draw(t, label)
	if len(list) == 0 {
		return nil
	}
	return list
}

func drawPurposes(t *rapid.T, text *rapid.Generator[string]) []consent.Purpose {
	var list []consent.Purpose
	for range rapid.IntRange(0, 2).Draw(t, "purposes") {
		p := consent.Purpose{ID: text.Draw(t, "id"), IRI: text.Draw(t, "iri"), Text: text.Draw(t, "text")}
		if rapid.Bool().Draw(t, "translated") {
			p.Local = map[string]string{text.Draw(t, "tag"): text.Draw(t, "translation")}
		}
		list = append(list, p)
	}
	return list
}

func drawAsk(t *rapid.T, label string) consent.Ask {
	text := rapid.StringMatching(`[ab]{0,2}`)
	claim := rapid.Custom(func(t *rapid.T) consent.Claim {
		return consent.Claim{
			Name: text.Draw(t, "name"), Purposes: drawPurposes(t, text), Required: rapid.Bool().Draw(t, "required"),
			IDToken: rapid.Bool().Draw(t, "id_token"), UserInfo: rapid.Bool().Draw(t, "userinfo"),
		}
	})
	return rapid.Custom(func(t *rapid.T) consent.Ask {
		return consent.Ask{
			Party: consent.Party{
				Client: id.Client(text.Draw(t, "client")), Name: text.Draw(t, "name"), Domain: text.Draw(t, "domain"),
				Verified: rapid.Bool().Draw(t, "verified"), Contact: text.Draw(t, "contact"), PolicyURI: text.Draw(t, "policy"),
				TermsURI: text.Draw(t, "terms"), Logo: text.Draw(t, "logo"), Sector: text.Draw(t, "sector"),
			},
			Claims:  rapid.SliceOfN(claim, 0, 2).Draw(t, "claims"),
			Offline: rapid.Bool().Draw(t, "offline"), Continuous: rapid.Bool().Draw(t, "continuous"),
			Once: rapid.Bool().Draw(t, "once"), Detailed: rapid.Bool().Draw(t, "detailed"),
			Ends: time.Duration(rapid.Int64Range(0, 2).Draw(t, "ends")), Retention: text.Draw(t, "retention"),
			Recipients: drawTexts(t, text, "recipients"), Terms: drawTexts(t, text, "terms"),
		}
	}).Draw(t, label)
}
