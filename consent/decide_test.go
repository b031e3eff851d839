package consent_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/internal/id"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// inForce is a grant of everything that the ask asks, but for what is declined.
func inForce(ask consent.Ask, declined ...string) consent.Grant {
	g := consent.Grant{
		ID: "grant222222222222222222222", Party: ask.Party, Offline: ask.Offline, Continuous: ask.Continuous,
		State: consent.Given, Ends: noon.Add(time.Hour), Declined: declined, Mode: ask.Party.Mode(),
	}
	for _, c := range ask.Claims {
		if !slices.Contains(declined, c.Name) {
			g.Claims = append(g.Claims, c)
		}
	}
	return g
}

func TestDecide_grantThatCoversTheAsk_allows(t *testing.T) {
	ask := shop()
	got := consent.Decide(ask, inForce(ask, "address"), noon)
	want := consent.Decision{Effect: consent.Allow, Claims: []string{"email", "name"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecide_lessThanWasGranted_allowsOnlyWhatIsAsked(t *testing.T) {
	ask := shop()
	less := ask
	less.Claims = ask.Claims[:1]
	less.Offline = false
	if got := consent.Decide(less, inForce(ask), noon); got.Effect != consent.Allow || !slices.Equal(got.Claims, []string{"address"}) {
		t.Errorf("%+v", got)
	}
}

func TestDecide_anythingThatDoesNotServe_deniesAndNamesNoClaim(t *testing.T) {
	ask := shop()
	for reason, change := range map[consent.Reason]func(*consent.Ask, *consent.Grant){
		consent.ReasonNoGrant:     func(_ *consent.Ask, g *consent.Grant) { *g = consent.Grant{} },
		consent.ReasonOtherClient: func(a *consent.Ask, _ *consent.Grant) { a.Party.Client = "somebodyelse22222222222222" },
		consent.ReasonWithdrawn:   func(_ *consent.Ask, g *consent.Grant) { g.State = consent.Withdrawn },
		consent.ReasonExpired:     func(_ *consent.Ask, g *consent.Grant) { g.Ends = noon },
	} {
		a, g := ask, inForce(ask)
		change(&a, &g)
		if diff := cmp.Diff(consent.Decision{Effect: consent.Deny, Reason: reason}, consent.Decide(a, g, noon)); diff != "" {
			t.Errorf("%s: %s", reason, diff)
		}
	}
}

func TestDecide_everyStateButGiven_denies(t *testing.T) {
	ask := shop()
	for state := consent.State(-1); state < 20; state++ {
		g := inForce(ask)
		g.State = state
		if got := consent.Decide(ask, g, noon).Effect; (got == consent.Allow) != (state == consent.Given) || got == consent.Review {
			t.Errorf("state %v: %v", state, got)
		}
	}
}

func TestDecide_whatTheCustomerHasNotSeen_isReviewed(t *testing.T) {
	for reason, change := range map[consent.Reason]func(*consent.Ask, *consent.Grant){
		consent.ReasonNewClaim:   func(_ *consent.Ask, g *consent.Grant) { g.Claims = g.Claims[1:] },
		consent.ReasonRequired:   func(a *consent.Ask, g *consent.Grant) { *g = inForce(*a, "email") },
		consent.ReasonPurpose:    func(a *consent.Ask, _ *consent.Grant) { a.Claims[0].Purposes = []consent.Purpose{advertising} },
		consent.ReasonOffline:    func(_ *consent.Ask, g *consent.Grant) { g.Offline = false },
		consent.ReasonContinuous: func(_ *consent.Ask, g *consent.Grant) { g.Continuous = false },
		consent.ReasonParty:      func(a *consent.Ask, _ *consent.Grant) { a.Party.Domain = "flowers.example.org" },
	} {
		ask := shop()
		g := inForce(ask)
		change(&ask, &g)
		if got := consent.Decide(ask, g, noon); got.Effect != consent.Review || got.Reason != reason {
			t.Errorf("%s: %+v", reason, got)
		}
	}
}

func TestDecide_renamedOrNoLongerVerified_isReviewed(t *testing.T) {
	ask := shop()
	for name, change := range map[string]func(*consent.Party){
		"name":     func(p *consent.Party) { p.Name = "Flowers Ltd" },
		"domain":   func(p *consent.Party) { p.Domain = "" },
		"verified": func(p *consent.Party) { p.Verified = false },
	} {
		now := ask
		change(&now.Party)
		if got := consent.Decide(now, inForce(ask), noon).Effect; got != consent.Review {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestDecide_declinedBefore_isNotAskedAgain(t *testing.T) {
	ask := shop()
	g := inForce(ask, "address", "name")
	ask.Claims[0].Purposes = []consent.Purpose{advertising}
	got := consent.Decide(ask, g, noon)
	if got.Effect != consent.Allow || !slices.Equal(got.Claims, []string{"email"}) {
		t.Errorf("%+v", got)
	}
}

func TestDecide_zeroValues_deny(t *testing.T) {
	ask, some := shop(), inForce(shop())
	for name, got := range map[string]consent.Decision{
		"nothing":  consent.Decide(consent.Ask{}, consent.Grant{}, time.Time{}),
		"no grant": consent.Decide(ask, consent.Grant{}, noon),
		"no ask":   consent.Decide(consent.Ask{}, some, noon),
		"nobody":   consent.Decide(consent.Ask{}, consent.Grant{ID: "x", State: consent.Given, Ends: noon.Add(1)}, noon),
		"decision": {},
	} {
		if got.Effect != consent.Deny || len(got.Claims) != 0 || len(got.New) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if consent.Effect(0) != consent.Deny || consent.Effect(0).String() != "deny" || consent.Effect(7).String() != "deny" {
		t.Error("the zero effect does not deny")
	}
	if consent.State(0) != consent.None || consent.State(0).DPV() != "" || consent.State(99).String() != "none" {
		t.Error("the zero state is something")
	}
}

// Whatever is asked and whatever was granted: only what is in both can leave, and Allow means that
// nothing is left to decide.
func TestDecide_neverMoreThanAskAndGrant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ask, g, now := drawSmallAsk(t), drawGrant(t), noon.Add(time.Duration(rapid.IntRange(-2, 2).Draw(t, "now"))*time.Hour)
		d := consent.Decide(ask, g, now)
		for _, name := range d.Claims {
			if !has(ask.Claims, name) || !has(g.Claims, name) || slices.Contains(g.Declined, name) {
				t.Fatalf("%q is not in ask and grant", name)
			}
		}
		serves := g.State == consent.Given && now.Before(g.Ends) && ask.Party.Client == g.Party.Client
		if d.Effect != consent.Deny && !serves {
			t.Fatalf("%v by a grant that does not serve", d.Effect)
		}
		if d.Effect == consent.Deny && (len(d.Claims) > 0 || d.Reason == consent.ReasonNone) {
			t.Fatalf("denied: %+v", d)
		}
		if d.Effect == consent.Allow {
			allowedIsDecided(t, ask, g, d)
		}
	})
}

func allowedIsDecided(t *rapid.T, ask consent.Ask, g consent.Grant, d consent.Decision) {
	if len(d.New) > 0 || d.Reason != consent.ReasonNone || ask.Offline && !g.Offline {
		t.Fatalf("allowed: %+v", d)
	}
	for _, c := range ask.Claims {
		declined := slices.Contains(g.Declined, c.Name)
		if !has(g.Claims, c.Name) && !declined {
			t.Fatalf("%q was never decided on", c.Name)
		}
		if c.Required && !has(g.Claims, c.Name) {
			t.Fatalf("%q is required and was declined", c.Name)
		}
	}
}

// Less granted, more declined, or an end of any kind: never does it bring more out.
func TestDecide_takingAway_neverGivesMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ask, g := drawSmallAsk(t), drawGrant(t)
		less := g
		switch rapid.IntRange(0, 3).Draw(t, "take") {
		case 0:
			less.State = rapid.SampledFrom([]consent.State{consent.None, consent.Refused, consent.Expired, consent.Withdrawn, consent.Revoked}).Draw(t, "state")
		case 1:
			less.Claims = slices.Clone(g.Claims)[:len(g.Claims)/2]
		case 2:
			if len(g.Claims) > 0 {
				less.Declined = append(slices.Clone(g.Declined), rapid.SampledFrom(g.Claims).Draw(t, "declined").Name)
			}
		case 3:
			less.Ends = g.Ends.Add(-2 * time.Hour)
		}
		before, after := released(consent.Decide(ask, g, noon)), released(consent.Decide(ask, less, noon))
		for _, name := range after {
			if !slices.Contains(before, name) {
				t.Fatalf("%q came out only after less was granted", name)
			}
		}
	})
}

// released is what leaves by a decision: only Allow lets anything out.
func released(d consent.Decision) []string {
	if d.Effect != consent.Allow {
		return nil
	}
	return d.Claims
}

func has(claims []consent.Claim, name string) bool {
	return slices.ContainsFunc(claims, func(c consent.Claim) bool { return c.Name == name })
}

var (
	claimNames  = rapid.SampledFrom([]string{"address", "email", "name", "phone_number"})
	clientNames = rapid.SampledFrom([]id.Client{"", "flowers2222222222222222222", "books222222222222222222222"})
)

func drawClaims(t *rapid.T, label string) []consent.Claim {
	names := rapid.SliceOfDistinct(claimNames, rapid.ID[string]).Draw(t, label)
	slices.Sort(names)
	claims := make([]consent.Claim, len(names))
	for i, name := range names {
		claims[i] = consent.Claim{
			Name: name, Required: rapid.Bool().Draw(t, "required"),
			Purposes: rapid.SampledFrom([][]consent.Purpose{nil, nil, nil, {advertising}, {delivery}, {advertising, delivery}}).Draw(t, "purposes"),
		}
	}
	return claims
}

func drawSmallAsk(t *rapid.T) consent.Ask {
	return consent.Ask{
		Party: consent.Party{Client: clientNames.Draw(t, "asks")}, Claims: drawClaims(t, "asked"),
		Offline: rapid.Bool().Draw(t, "offline asked"),
	}
}

func drawGrant(t *rapid.T) consent.Grant {
	return consent.Grant{
		ID: "grant222222222222222222222", Party: consent.Party{Client: clientNames.Draw(t, "granted to")},
		Claims:   drawClaims(t, "granted"),
		Declined: rapid.SliceOf(claimNames).Draw(t, "declined before"),
		Offline:  rapid.Bool().Draw(t, "offline granted"),
		State:    rapid.SampledFrom([]consent.State{consent.Given, consent.Given, consent.Withdrawn, consent.None}).Draw(t, "state"),
		Ends:     noon.Add(time.Hour),
		Mode:     consent.ModeDirect,
	}
}
