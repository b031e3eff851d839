package consent_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/meins-id/meins/consent"
)

// bill and parcel are two entries of one request.
const (
	bill = `{"type":"https://meins.id/consent","claims":[{"name":"email","required":true},{"name":"name"}],
		"purpose":{"iri":"https://w3id.org/dpv#PaymentManagement","text":"To send the bill","text#de":"Für die Rechnung"},
		"retention":"P10Y","ends":"P6M","recipients":["Steuerberatung Huber GmbH"],"terms":["SD-BASE"]}`
	parcel = `{"type":"https://meins.id/consent","claims":[{"name":"address"},{"name":"name"}],"usage":"continuous",
		"purpose":{"iri":"https://w3id.org/dpv#DeliveryOfGoods"},
		"retention":"P10Y","ends":"P6M","recipients":["DHL Paket GmbH","Steuerberatung Huber GmbH"]}`
)

func parseDetails(t *testing.T, entries ...string) *consent.Details {
	t.Helper()
	d, err := consent.ParseDetails([]byte("[" + strings.Join(entries, ",") + "]"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestNewAsk_severalDetails_areOneAsk(t *testing.T) {
	ask := newAsk(t, consent.Request{
		Scopes: []string{"openid", "email", "offline_access"}, Purposes: map[string]string{"email": "to write to you"},
		Claims:  parseClaims(t, `{"id_token":{"name":{"purpose":"to greet you"}}}`),
		Details: parseDetails(t, bill, parcel), Terms: []string{"SD-BASE:2.2", "SD-BASE-A:2.2"},
	})
	payment := consent.NewPurpose("https://w3id.org/dpv#PaymentManagement", "To send the bill", map[string]string{"de": "Für die Rechnung"})
	parcels := consent.NewPurpose("https://w3id.org/dpv#DeliveryOfGoods", "", nil)
	registered, greeting := consent.NewPurpose("", "to write to you", nil), consent.NewPurpose("", "to greet you", nil)
	want := consent.Ask{
		Party: flowers, Offline: true, Continuous: true, Detailed: true, Ends: 180 * 24 * time.Hour, Retention: "P10Y",
		Recipients: []string{"DHL Paket GmbH", "Steuerberatung Huber GmbH"}, Terms: []string{"SD-BASE:2.2"},
		Claims: []consent.Claim{
			{Name: "address", Purposes: inOrder(parcels), UserInfo: true},
			{Name: "email", Required: true, Purposes: inOrder(payment, registered), UserInfo: true},
			{Name: "email_verified", Purposes: inOrder(registered), UserInfo: true},
			{Name: "name", Purposes: inOrder(payment, parcels, greeting), IDToken: true, UserInfo: true},
		},
	}
	if diff := cmp.Diff(want, ask); diff != "" {
		t.Error(diff)
	}
}

func TestNewAsk_usageOnce_isReadOnceAndNotWhileAway(t *testing.T) {
	once := strings.Replace(bill, `"retention"`, `"usage":"once","retention"`, 1)
	ask := newAsk(t, consent.Request{Scopes: []string{"openid", "offline_access"}, Details: parseDetails(t, once)})
	if !ask.Once || ask.Offline || ask.Continuous {
		t.Errorf("%+v", ask)
	}
}

// inOrder sorts purposes by their names, as asks have them.
func inOrder(list ...consent.Purpose) []consent.Purpose {
	for i := range list {
		for j := i; j > 0 && list[j].ID < list[j-1].ID; j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
	return list
}

func TestParseDetails_whatIsNotKnown_isRefusedWithoutQuotingIt(t *testing.T) {
	entry := func(old, replacement string) string { return "[" + strings.Replace(bill, old, replacement, 1) + "]" }
	for name, raw := range map[string]string{
		"nothing": "", "null": "null", "no list": bill, "empty list": "[]", "null entry": "[null]", "text": `["x"]`,
		"another type":       entry("https://meins.id/consent", "https://meins.id/MARKER"),
		"no type":            entry(`"type":"https://meins.id/consent",`, ""),
		"unknown member":     entry(`"terms"`, `"actions":["MARKER"],"terms"`),
		"member in capitals": entry(`"terms"`, `"Terms"`),
		"member twice":       entry(`"retention"`, `"terms":["X"],"retention"`),
		"unknown claim":      entry(`"name":"email"`, `"name":"MARKER"`),
		"claim twice":        entry(`"name":"email"`, `"name":"name"`),
		"claim as text":      entry(`{"name":"name"}`, `"name"`),
		"unknown of a claim": entry(`"required":true`, `"essential":true`),
		"no claims":          entry(`[{"name":"email","required":true},{"name":"name"}]`, `[]`),
		"required as text":   entry(`"required":true`, `"required":"MARKER"`),
		"usage":              entry(`"retention"`, `"usage":"MARKER","retention"`),
		"unknown terms":      entry(`"SD-BASE"`, `"MARKER"`),
		"an old version":     entry(`"SD-BASE"`, `"SD-BASE:0.1"`),
		"after the end":      "[" + bill + "]x",
		"one says once":      "[" + bill + "," + strings.Replace(parcel, "continuous", "once", 1) + "]",
		"two retentions":     "[" + bill + "," + strings.Replace(parcel, "P10Y", "P1Y", 1) + "]",
		"two ends":           "[" + bill + "," + strings.Replace(parcel, "P6M", "P1M", 1) + "]",
		"too many":           "[" + strings.Repeat(bill+",", 8) + bill + "]",
		"too long":           "[" + bill + strings.Repeat(" ", 64<<10) + "]",
		"not UTF-8":          "[" + strings.Replace(bill, "SD-BASE", "\xff", 1) + "]",
	} {
		d, err := consent.ParseDetails([]byte(raw))
		if !errors.Is(err, consent.ErrDetails) || d != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "MARKER") {
			t.Errorf("%s: the error quotes the vendor: %v", name, err)
		}
	}
}

func TestParseDetails_purposeThatCannotBeShown_isRefused(t *testing.T) {
	for _, purpose := range []string{
		`{"text":"no"}`, `{"text":"line\nbreak"}`, `{"text":"turn \u202e around"}`, `{"iri":"javascript:alert(1)"}`,
		`{"iri":"https://a b"}`, `{"text#de":"nur deutsch"}`, `{"text":"fine","text#":"what language"}`, `{"text":"fine","text#de":"x"}`,
		`{"text":"\u3164\u3164\u3164"}`, `{"text":"fine","text#de":"\u200b\u200b\u200b"}`,
		`{"iri":"https://w3id.org/dpv#\u202ex"}`, `{"iri":"https://x/` + strings.Repeat("a", 300) + `"}`,
	} {
		raw := `[{"type":"https://meins.id/consent","claims":[{"name":"email"}],"purpose":` + purpose + `}]`
		if _, err := consent.ParseDetails([]byte(raw)); !errors.Is(err, consent.ErrPurpose) {
			t.Errorf("%s: %v", purpose, err)
		}
	}
	for _, purpose := range []string{`{}`, `null`, `7`, `{"text":""}`, `{"texts":"abc"}`, `{"text":"abc","text":"def"}`} {
		raw := `[{"type":"https://meins.id/consent","claims":[{"name":"email"}],"purpose":` + purpose + `}]`
		if _, err := consent.ParseDetails([]byte(raw)); err == nil {
			t.Errorf("%s: accepted", purpose)
		}
	}
}

// Rule 10 of the consent screen: every recipient is named.
func TestParseDetails_rule10_recipientsThatAreNobody_areRefused(t *testing.T) {
	parse := func(name string) error {
		raw := `[{"type":"https://meins.id/consent","claims":[{"name":"email"}],"purpose":{"text":"to bill"},"recipients":["` + name + `"]}]`
		_, err := consent.ParseDetails([]byte(raw))
		return err
	}
	for _, name := range []string{
		"partners", "Partner", "our trusted partners", "Affiliates", "third parties", "Third-Party", "Dritte", "unsere Partner",
		"DHL and partners", "DHL, Dritte", "verbundene Unternehmen", "other companies of the group", "service providers", "---", "   ", "\u3164\u115f", "DHL\u200b",
		"advertisers & sponsors", "DHL (and affiliates)", "sonstige Dienstleister",
	} {
		if err := parse(name); !errors.Is(err, consent.ErrRecipients) {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"DHL Paket GmbH", "Dritte Welt Laden Köln", "Partner Re Ltd", "Deutsche Post AG", "Smith & Sons", "3M"} {
		if err := parse(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestParseDuration(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"P1Y": 365 * day, "P6M": 180 * day, "P2W": 14 * day, "P30D": 30 * day, "PT12H": 12 * time.Hour,
		"P1Y2M3DT4H5M6S": 428*day + 4*time.Hour + 5*time.Minute + 6*time.Second, "P200Y": 200 * 365 * day,
	} {
		if got, err := consent.ParseDuration(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "P", "PT", "P1", "1Y", "p1y", "P-1D", "P1.5D", "P1D2M", "P1DT", "P0D", "P9999Y", "P99999D", "P1D ", "P1H", "P١D"} {
		if got, err := consent.ParseDuration(text); !errors.Is(err, consent.ErrDuration) || got != 0 {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestPurpose_isShownInTheLanguageOfThePage_asFarAsItCanBe(t *testing.T) {
	const billing, unknown = "https://w3id.org/dpv#PaymentManagement", "https://vocabulary.example/ns#Tickling"
	for name, c := range map[string]struct {
		purpose consent.Purpose
		tag     string
		want    string
	}{
		"in the vendor's translation": {delivery, "de", "zum Liefern"},
		"in the vendor's words":       {delivery, "fr", "to deliver"},
		"a known concept":             {consent.NewPurpose(billing, "", nil), "en", "Handling payments"},
		"a known concept in German":   {consent.NewPurpose(billing, "", nil), "de", "Abwickeln von Zahlungen"},
		"an unknown concept, raw":     {consent.NewPurpose(unknown, "", nil), "de", unknown},
		"an unknown one of the DPV":   {consent.NewPurpose("https://w3id.org/dpv#Nope", "", nil), "en", "https://w3id.org/dpv#Nope"},
	} {
		if got := c.purpose.In(c.tag); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// The name of a purpose is in grants and receipts that customers keep.
func TestPurpose_itsName_isFrozen_andOfConceptAndText(t *testing.T) {
	if got, want := delivery.ID, "DvW55_6H9ah4"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if consent.NewPurpose("ab", "c", nil).ID == consent.NewPurpose("a", "bc", nil).ID {
		t.Error("two purposes share a name")
	}
}

func TestNewAsk_registeredTranslations_areInTheAskAndItsDigest(t *testing.T) {
	request := func(german string) consent.Request {
		return consent.Request{Scopes: []string{"email"}, Purposes: map[string]string{"email": "to write to you", "email#de": german}}
	}
	a, b := newAsk(t, request("um Ihnen zu schreiben")), newAsk(t, request("um Ihre Adresse zu verkaufen"))
	if got := a.Claims[0].Purposes[0].In("de"); got != "um Ihnen zu schreiben" {
		t.Errorf("shown in German: %q", got)
	}
	if a.Digest() == b.Digest() {
		t.Error("another translation has the same digest")
	}
}

func TestParseClaims_translatedPurpose_isKept(t *testing.T) {
	p := parseClaims(t, `{"userinfo":{"email":{"purpose":"to write to you","purpose#de":"um Ihnen zu schreiben","purpose_x":7}}}`)
	ask := newAsk(t, consent.Request{Claims: p})
	if got := ask.Claims[0].Purposes[0].In("de"); got != "um Ihnen zu schreiben" {
		t.Errorf("shown in German: %q", got)
	}
	for _, raw := range []string{`"purpose#de":"nur deutsch"`, `"purpose":"fine","purpose#":"none"`, `"purpose":"fine","purpose#de":"\u202e turned"`} {
		if _, err := consent.ParseClaims([]byte(`{"userinfo":{"email":{` + raw + `}}}`)); !errors.Is(err, consent.ErrPurpose) {
			t.Errorf("%s: %v", raw, err)
		}
	}
}
