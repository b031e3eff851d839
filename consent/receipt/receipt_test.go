package receipt_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/consent/receipt"
	"github.com/meins-id/meins/internal/id"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	issuer  = "https://id.example"
	account = id.Account("aaaaaaaaaaaaaaaaaaaaaaaaaa")
)

var maker = receipt.Maker{
	Issuer: issuer,
	Subject: func(p consent.Party, a id.Account, persona id.Persona) string {
		return "sub-of-" + string(p.Client[:3]) + string(a[:3]) + string(persona[:3])
	},
}

// key signs the same each time.
func key(t *testing.T, seed byte, kid string) (jose.SigningKey, jose.JSONWebKey) {
	t.Helper()
	private := ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(seed), ed25519.SeedSize)))
	web := jose.JSONWebKey{Key: private, KeyID: kid, Algorithm: "EdDSA", Use: "sig"}
	return jose.SigningKey{Algorithm: jose.EdDSA, Key: web}, web.Public()
}

// given is a decision with everything in it.
func given() consent.Receipt {
	delivery := consent.NewPurpose("https://w3id.org/dpv#DeliveryOfGoods", "", nil)
	news := consent.NewPurpose("", "To write to you about offers.", map[string]string{"de": "Um Ihnen Angebote zu schicken."})
	return consent.Receipt{
		ID: "rrrrrrrrrrrrrrrrrrrrrrrrrr", Seq: 2, Prev: "hash-of-the-first", Hash: "hash-of-this", Event: consent.EventGiven, State: "given",
		Time: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Grant: "gggggggggggggggggggggggggg", Persona: "pppppppppppppppppppppppppp",
		Party: consent.Party{
			Client: "cccccccccccccccccccccccccc", Name: "Blumen Müller", Domain: "blumen.example", Contact: "privacy@blumen.example",
			PolicyURI: "https://blumen.example/privacy", TermsURI: "https://blumen.example/terms",
		},
		Claims: []consent.Claim{
			{Name: "address", Required: true, Purposes: []consent.Purpose{delivery}},
			{Name: "email", Purposes: []consent.Purpose{delivery, news}},
			{Name: "iban"},
			{Name: "of_my_own"},
		},
		Declined: []string{"phone_number"}, Continuous: true, Mode: "direct", Retention: "P30D",
		Recipients: []string{"Fahrrad-Kurier GmbH"}, Terms: consent.Agreement{Proffered: []string{"SD-BASE:2.2", "SD-BASE-DP:2.2"}, Accepted: []string{"SD-BASE:2.2"}, Agreed: "SD-BASE:2.2"},
		Given: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Ends: time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC),
		Digest: "digest", Notice: consent.Notice{Language: "de", Hash: "hash-of-the-text", Text: "Blumen Müller möchte wissen, wohin."},
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s: %s", name, diff)
	}
}

func pretty(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

func TestRenderings_areAsTheGoldenFilesSay(t *testing.T) {
	d := maker.Document(account, given())
	golden(t, "given.json", pretty(t, d))
	golden(t, "given.jsonld", pretty(t, maker.JSONLD(d)))
	golden(t, "given.kantara.json", pretty(t, maker.Kantara(d)))
	refused := given()
	refused.Event, refused.State, refused.Grant, refused.Seq, refused.Ends = consent.EventRefused, "refused", "", 0, time.Time{}
	refused.Party.PolicyURI, refused.Party.Contact, refused.Notice, refused.Claims = "", "", consent.Notice{Language: "en"}, refused.Claims[:1]
	golden(t, "refused.jsonld", pretty(t, maker.JSONLD(maker.Document(account, refused))))
}

func TestRenderings_sayThatTheVendorAcceptsNoneOfTheTerms(t *testing.T) {
	r := given()
	r.Terms = consent.Agreement{Proffered: []string{"SD-BASE:2.2"}, Accepted: []string{"SD-BASE-ATP:2.2"}}
	d := maker.Document(account, r)
	if terms := d.Processing.Terms; terms == nil || terms.Agreed != nil || len(terms.Proffered) != 1 || len(terms.Accepted) != 1 {
		t.Errorf("%+v", d.Processing.Terms)
	}
	if text := string(pretty(t, maker.JSONLD(d))); !strings.Contains(text, "dpv:ContractRejected") || strings.Contains(text, "dpv:ContractActive") {
		t.Errorf("%s", text)
	}
	r.Terms = consent.Agreement{}
	if text := string(pretty(t, maker.Document(account, r))); strings.Contains(text, "privacy_terms") {
		t.Error("where nobody named terms, the receipt has some")
	}
}

func TestKantara_withoutAPolicy_namesTheTermsThatWereAgreed(t *testing.T) {
	r := given()
	r.Party.PolicyURI = ""
	if got := maker.Kantara(maker.Document(account, r)).PolicyURL; got != "https://w3id.org/dpv/2.2/standards/p7012#SD-BASE" {
		t.Errorf("%q", got)
	}
	r.Terms.Agreed = ""
	if got := maker.Kantara(maker.Document(account, r)).PolicyURL; got != "" {
		t.Errorf("nothing was agreed, and it says %q", got)
	}
}

func TestDocument_neverNamesTheAccount(t *testing.T) {
	d := maker.Document(account, given())
	for name, text := range map[string][]byte{
		"document": pretty(t, d), "JSON-LD": pretty(t, maker.JSONLD(d)), "Kantara": pretty(t, maker.Kantara(d)),
	} {
		if strings.Contains(string(text), string(account)) {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func TestDocument_ofEachEvent_hasAState(t *testing.T) {
	for event, state := range map[consent.Event]string{
		consent.EventGiven: "given", consent.EventRefused: "refused", consent.EventNarrowed: "given", consent.EventWithdrawn: "withdrawn",
		consent.EventReplaced: "withdrawn", consent.EventRevoked: "revoked", consent.EventUsed: "expired",
	} {
		r := given()
		r.Event, r.State = event, state
		e := maker.Document(account, r).Events[0]
		if e.State != "https://w3id.org/dpv#Consent"+strings.ToUpper(state[:1])+state[1:] {
			t.Errorf("%s leads to %q", event, e.State)
		}
		if (e.Reason == "") != (string(event) == state) {
			t.Errorf("%s has the reason %q", event, e.Reason)
		}
	}
}

func TestVerify_receiptOfOurs_isGood_andSaysTheSame(t *testing.T) {
	signer, public := key(t, 'k', "one")
	_, other := key(t, 'o', "two")
	d := maker.Document(account, given())
	text, err := maker.Sign(signer, d)
	if err != nil {
		t.Fatal(err)
	}
	again, err := maker.Sign(signer, d)
	if err != nil || again != text {
		t.Errorf("signed twice is not the same: %v", err)
	}
	for _, from := range []string{issuer, ""} {
		got, err := receipt.Verify(text, from, []jose.JSONWebKey{other, public})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(d, got.Document); diff != "" || got.Issuer != issuer || got.Vendor != string(given().Party.Client) || !got.Issued.Equal(given().Time) {
			t.Errorf("%+v %s", got, diff)
		}
	}
}

func TestVerify_anythingElse_isRefused(t *testing.T) {
	signer, public := key(t, 'k', "one")
	stranger, _ := key(t, 's', "one")
	_, other := key(t, 'o', "two")
	d := maker.Document(account, given())
	good, err := maker.Sign(signer, d)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := maker.Sign(stranger, d)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := receipt.Maker{Issuer: "https://evil.example", Subject: maker.Subject}.Sign(signer, d)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	altered := strings.Replace(decoded(t, parts[1]), "email", "gmail", 1)
	keys := []jose.JSONWebKey{public}
	for name, c := range map[string]struct {
		text string
		keys []jose.JSONWebKey
		want error
	}{
		"nothing":                   {"", keys, receipt.ErrForm},
		"no token":                  {"a.b.c", keys, receipt.ErrForm},
		"far too long":              {strings.Repeat("a", 1<<20), keys, receipt.ErrForm},
		"alg none":                  {encoded(`{"alg":"none","typ":"consent-receipt+jwt"}`) + "." + parts[1] + ".", keys, receipt.ErrForm},
		"another kind of token":     {token(t, signer, "JWT", decoded(t, parts[1])), keys, receipt.ErrForm},
		"altered":                   {parts[0] + "." + encoded(altered) + "." + parts[2], keys, receipt.ErrSignature},
		"signed by a stranger":      {forged, keys, receipt.ErrSignature},
		"a key that is not given":   {good, []jose.JSONWebKey{other}, receipt.ErrKey},
		"no keys":                   {good, nil, receipt.ErrKey},
		"of another provider":       {elsewhere, keys, receipt.ErrContent},
		"a document that says else": {token(t, signer, "consent-receipt+jwt", strings.Replace(decoded(t, parts[1]), `"sub":"sub`, `"sub":"bus`, 1)), keys, receipt.ErrContent},
		"not a document":            {token(t, signer, "consent-receipt+jwt", `{"iss":"`+issuer+`"}`), keys, receipt.ErrContent},
	} {
		if _, err := receipt.Verify(c.text, issuer, c.keys); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSign_otherAlgorithm_isRefused(t *testing.T) {
	if _, err := maker.Sign(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(strings.Repeat("k", 32))}, maker.Document(account, given())); err == nil {
		t.Error("signed with a shared secret")
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("a.b.c")
	f.Add(encoded(`{"alg":"EdDSA","kid":"one","typ":"consent-receipt+jwt"}`) + "." + encoded(`{}`) + ".AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		_, public := key(t, 'k', "one")
		if got, err := receipt.Verify(text, "", []jose.JSONWebKey{public}); err == nil {
			t.Errorf("nobody signed this: %+v", got)
		}
	})
}

func token(t *testing.T, k jose.SigningKey, typ, payload string) string {
	t.Helper()
	signer, err := jose.NewSigner(k, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func encoded(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func decoded(t *testing.T, s string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
