package attack_test

import (
	"encoding/base64"
	"encoding/binary"
	"math/bits"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/apptest"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/agent"
	"github.com/meins-id/meins/vault/seal"
)

// resume goes on under the newest grant.
func (p *person) resume(t *testing.T, flow string) apptest.Answer {
	t.Helper()
	return p.call(t, http.MethodPost, "/flow/resume", agent.Resumption{Flow: flow, Grant: string(p.grant), GrantKey: p.opens.Bytes()})
}

// withdraw ends the newest grant.
func (p *person) withdraw(t *testing.T) {
	t.Helper()
	if a := p.call(t, http.MethodPost, "/grants/"+string(p.grant)+"/withdraw", nil); a.Status != http.StatusOK || a.Text("state") != "withdrawn" {
		t.Fatalf("withdraw: %d %s", a.Status, a.Body)
	}
}

// grants is how many consents the person has.
func (p *person) grants(t *testing.T) int {
	t.Helper()
	var list agent.GrantList
	p.read(t, http.MethodGet, "/grants", nil, &list)
	return len(list.Grants)
}

func TestFlow_forgedOrAltered_isRefusedEverywhere(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	flow := ada.flow(t, w.vendor)
	honest := ada.approval(t, flow, "email")
	kid, sealed, _ := strings.Cut(flow, ".")
	code := ada.codeFor(t, w.vendor, "email")
	forged := map[string]string{
		"nothing":             "",
		"nonsense":            "nonsense",
		"no key":              "." + sealed,
		"another key":         "x" + kid + "." + sealed,
		"a key in a path":     "../" + kid + "." + sealed,
		"nothing sealed":      kid + ".",
		"a letter changed":    kid + "." + changed(sealed, len(sealed)/2),
		"the nonce changed":   kid + "." + changed(sealed, 3),
		"the end changed":     kid + "." + changed(sealed, len(sealed)-2),
		"cut":                 flow[:len(flow)-4],
		"longer":              flow + "AAAA",
		"padded":              flow + "=",
		"a line break inside": flow[:40] + "\n" + flow[40:],
		"in plain JSON":       `{"client":"` + w.vendor.ClientID + `","redirect_uri":"https://evil.example"}`,
		"a code":              code,
		"very long":           kid + "." + strings.Repeat("A", 60<<10),
	}
	for name, flow := range forged {
		t.Run(name, func(t *testing.T) {
			altered := honest
			altered.Flow = flow
			for path, in := range map[string]any{
				"/flow": agent.Flow{Flow: flow}, "/flow/approve": altered, "/flow/deny": agent.Denial{Flow: flow, Digest: honest.Digest, Locale: "en"},
				"/flow/resume": agent.Resumption{Flow: flow, Grant: string(honest.Grant), GrantKey: honest.GrantKey},
				"/flow/fail":   agent.Failure{Flow: flow, Reason: agent.FailureReasonLoginRequired},
			} {
				ada.call(t, http.MethodPost, path, in).Refused(t, http.StatusBadRequest, "flow-invalid")
			}
		})
	}
	// A page shows it, and leads to nobody.
	for _, page := range []string{"/continue", "/signin", "/signup", "/recover", "/unlock"} {
		a := ada.Send(t, w.Request(t, http.MethodGet, page+"?flow="+forged["a letter changed"], nil, ""))
		if a.Status != http.StatusBadRequest || a.Header.Get("Location") != "" {
			t.Errorf("%s answers %d, and leads to %q", page, a.Status, a.Header.Get("Location"))
		}
	}
	if n := ada.grants(t); n != 1 {
		t.Errorf("there are %d consents", n)
	}
}

// changed is a text with another letter at one place.
func changed(s string, at int) string {
	letter := byte('A')
	if s[at] == letter {
		letter = 'B'
	}
	return s[:at] + string(letter) + s[at+1:]
}

// TestFlow_ofAnotherBrowser_actsForNobodyElse: who gets a customer to open a request that was begun
// elsewhere gets what the customer's own browser decides, for the vendor's registered address alone;
// and who steals the customer's request can do nothing for the customer with it.
func TestFlow_ofAnotherBrowser_actsForNobodyElse(t *testing.T) {
	w := start(t)
	ada, mallory, nobody := w.person(t, "ada"), w.person(t, "mallory"), w.Customer(t)
	adas := ada.tokensFor(t, w.vendor, "email")
	flow := ada.flow(t, w.vendor, "prompt", "consent")
	stolen := ada.approval(t, flow, "email")

	for _, path := range []string{"/flow/approve", "/flow/deny", "/flow/resume"} {
		nobody.Send(t, ada.request(t, http.MethodPost, path, stolen)).Refused(t, http.StatusUnauthorized, "no-session")
	}
	// What somebody without a session learns: the vendor, and that one must sign in.
	a := nobody.Send(t, ada.request(t, http.MethodPost, "/flow", agent.Flow{Flow: flow}))
	if a.Text("step") != "sign-in" || a.Text("grant") != "" || a.Text("ask") != "" {
		t.Errorf("a stranger learns %s", a.Body)
	}
	// Mallory's own account is all that Mallory can put behind it: and neither with Ada's consent nor
	// with its key.
	theirs := mallory.tokensFor(t, w.vendor, "email")
	if a, b := w.UserInfo(t, adas.Access).Text("sub"), w.UserInfo(t, theirs.Access).Text("sub"); a == b || a == "" {
		t.Errorf("two customers are %q and %q", a, b)
	}
	inForce := agent.Resumption{Flow: flow, Grant: string(stolen.Grant), GrantKey: stolen.GrantKey}
	mallory.call(t, http.MethodPost, "/flow/resume", inForce).Refused(t, http.StatusNotFound, "grant-unknown")
}

func TestFlow_thatWantsAFreshLogin_isNotAnsweredByAnOlderOne(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	ada.codeFor(t, w.vendor, "email")
	other := w.Customer(t) // the attacker's browser, where nobody is signed in
	for _, pairs := range [][]string{{"prompt", "login"}, {"prompt", "select_account"}, {"max_age", "0"}} {
		time.Sleep(1100 * time.Millisecond) // times of login are kept in seconds
		begun, _ := other.Open(t, w.AuthorizeURL(w.vendor, pairs...))
		if begun == "" {
			t.Fatal("no request was begun")
		}
		for name, flow := range map[string]string{"begun in another browser": begun, "begun in this one": ada.flow(t, w.vendor, pairs...)} {
			ada.resume(t, flow).Refused(t, http.StatusUnauthorized, "sign-in-required")
			if a := ada.call(t, http.MethodPost, "/flow", agent.Flow{Flow: flow}); a.Text("step") != "sign-in" || a.Text("reauthenticate") != "true" {
				t.Errorf("%v, %s: %s", pairs, name, a.Body)
			}
		}
	}
}

func TestApproval_ofWhatWasNotReviewedOrNotAsked_isRefused_andStoresNothing(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	flow := ada.flow(t, w.vendor, "claims", `{"userinfo":{"birthdate":{"essential":true}}}`)
	honest := ada.approval(t, flow, "email", "birthdate")
	other := ada.approval(t, ada.flow(t, w.vendor, "scope", "openid email address"), "email")
	for name, c := range map[string]struct {
		alter  func(*agent.Approval)
		status int
		code   string
	}{
		"the digest of another request":      {func(a *agent.Approval) { a.Digest = other.Digest }, http.StatusPreconditionFailed, "review-stale"},
		"no digest":                          {func(a *agent.Approval) { a.Digest = "" }, http.StatusPreconditionFailed, "review-stale"},
		"a digest with more behind it":       {func(a *agent.Approval) { a.Digest += "0" }, http.StatusPreconditionFailed, "review-stale"},
		"another request under this digest":  {func(a *agent.Approval) { a.Flow = other.Flow }, http.StatusPreconditionFailed, "review-stale"},
		"a claim that was not asked":         {func(a *agent.Approval) { a.Choices = append(a.Choices, agent.Choice{Claim: "address"}) }, http.StatusBadRequest, "claim-not-asked"},
		"a claim that nobody knows":          {func(a *agent.Approval) { a.Choices = append(a.Choices, agent.Choice{Claim: "../email"}) }, http.StatusBadRequest, "claim-not-asked"},
		"a claim of the provider's own":      {func(a *agent.Approval) { a.Choices = append(a.Choices, agent.Choice{Claim: "iss"}) }, http.StatusBadRequest, "claim-not-asked"},
		"a claim in upper case":              {func(a *agent.Approval) { a.Choices[0].Claim = "EMAIL" }, http.StatusBadRequest, "claim-not-asked"},
		"without the claim that is required": {func(a *agent.Approval) { a.Choices = a.Choices[:1] }, http.StatusBadRequest, "claim-required"},
		"no capsule":                         {func(a *agent.Approval) { a.Capsule = nil }, http.StatusBadRequest, "approval-invalid"},
		"a capsule that is too large":        {func(a *agent.Approval) { a.Capsule = make([]byte, 128<<10) }, http.StatusBadRequest, "approval-invalid"},
		"no wrapped key":                     {func(a *agent.Approval) { a.WrappedKey = nil }, http.StatusBadRequest, "approval-invalid"},
		"a wrapped key that is too large":    {func(a *agent.Approval) { a.WrappedKey = make([]byte, 4<<10) }, http.StatusBadRequest, "approval-invalid"},
		"no grant key":                       {func(a *agent.Approval) { a.GrantKey = nil }, http.StatusBadRequest, "body-malformed"},
		"a grant key of noughts":             {func(a *agent.Approval) { a.GrantKey = make([]byte, 32) }, http.StatusBadRequest, "body-malformed"},
		"a grant key that is too long":       {func(a *agent.Approval) { a.GrantKey = make([]byte, 33) }, http.StatusBadRequest, "body-malformed"},
		"a grant that is no identifier":      {func(a *agent.Approval) { a.Grant = "../../account/x" }, http.StatusBadRequest, "parameter-malformed"},
		"a grant in upper case":              {func(a *agent.Approval) { a.Grant = strings.ToUpper(a.Grant) }, http.StatusBadRequest, "parameter-malformed"},
		"a persona that is no identifier":    {func(a *agent.Approval) { a.Persona = "x|y" }, http.StatusBadRequest, "parameter-malformed"},
		"a language that is none":            {func(a *agent.Approval) { a.Locale = strings.Repeat("x", 36) }, http.StatusBadRequest, "approval-invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			altered := honest
			altered.Choices = append([]agent.Choice{}, honest.Choices...)
			c.alter(&altered)
			ada.call(t, http.MethodPost, "/flow/approve", altered).Refused(t, c.status, c.code)
		})
	}
	ada.call(t, http.MethodPost, "/flow/deny", agent.Denial{Flow: flow, Digest: other.Digest, Locale: "en"}).Refused(t, http.StatusPreconditionFailed, "review-stale")
	if n := ada.grants(t); n != 0 {
		t.Errorf("there are %d consents", n)
	}
	w.serves(t, w.Exchange(t, w.vendor, ada.approve(t, honest)).Access, "birthdate")
}

// The capsule is the customer's: whatever an agent of their own making seals, only what was approved
// leaves, nothing in it speaks in the provider's name, and no vendor's request ends in a server error.
func TestCapsule_madeByAForeignAgent_saysNothingInTheProvidersName_andBreaksNothing(t *testing.T) {
	w := start(t)
	ada := w.person(t, "ada")
	for name, c := range map[string]struct {
		sealed string // in the capsule
		email  string // as the vendor sees it; empty where nothing opens
	}{
		"more than was approved":     {`{"email":"e","address":{"country":"DE"}}`, "e"},
		"a verified address":         {`{"email":"e","email_verified":true}`, "e"},
		"nothing":                    {`{}`, ""},
		"another subject":            {`{"email":"e","sub":"evil"}`, ""},
		"another issuer":             {`{"email":"e","iss":"https://evil.example"}`, ""},
		"another audience":           {`{"email":"e","aud":"evil","exp":99999999999}`, ""},
		"a name that ends a string":  {`{"email":"e","x\",\"sub":"evil"}`, ""},
		"no object":                  {`["email"]`, ""},
		"no JSON":                    {`{"email":`, ""},
		"nothing at all":             {`null`, ""},
		"very deep":                  {`{"email":` + strings.Repeat("[", 12000) + strings.Repeat("]", 12000) + `}`, ""},
		"a line break in the value":  {`{"email":` + "\r\n" + `"e"}`, "e"},
		"a value that is no text":    {`{"email":1e9999}`, "1e9999"},
		"twice, and both protocol's": {`{"email":"e","sub":"a","sub":"b"}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			flow := ada.flow(t, w.vendor, "prompt", "consent", "claims", `{"id_token":{"email":null},"userinfo":{"email_verified":null}}`)
			a := ada.approval(t, flow, "email", "email_verified")
			a.Capsule = ada.capsule(t, c.sealed)
			w.breaksNothing(t, ada.approve(t, a), c.email)
		})
	}
	t.Run("sealed under another key", func(t *testing.T) {
		a := ada.approval(t, ada.flow(t, w.vendor, "prompt", "consent", "claims", `{"id_token":{"email":null}}`), "email")
		a.GrantKey = vault.NewGrantKey().Bytes()
		w.breaksNothing(t, ada.approve(t, a), "")
	})
	t.Run("no capsule at all", func(t *testing.T) {
		a := ada.approval(t, ada.flow(t, w.vendor, "prompt", "consent", "claims", `{"id_token":{"email":null}}`), "email")
		a.Capsule = random(200)
		w.breaksNothing(t, ada.approve(t, a), "")
	})
}

// breaksNothing redeems a code that stands for a capsule of somebody's own making.
func (w *world) breaksNothing(t *testing.T, code, email string) {
	t.Helper()
	a := w.Post(t, "/oauth/token", w.vendor, apptest.CodeForm(w.vendor, code))
	if a.Status != http.StatusOK {
		a.Refused(t, http.StatusBadRequest, "invalid_grant")
		if email != "" {
			t.Error("nothing was released")
		}
		return
	}
	info := w.UserInfo(t, a.Text("access_token"))
	if info.Status != http.StatusOK {
		info.Refused(t, http.StatusUnauthorized, "invalid_token")
	}
	if info.Text("email") != email && !strings.Contains(string(info.Body), email) {
		t.Errorf("the vendor sees %s", info.Body)
	}
	for _, claims := range []string{string(info.Body), payloadOf(t, a.Text("id_token"))} {
		if strings.Contains(claims, `"evil"`) || strings.Contains(claims, `"DE"`) || strings.Contains(claims, `"email_verified":true`) {
			t.Errorf("the vendor sees %s", claims)
		}
	}
}

// capsule seals a text for the person's newest grant, as any program could that has read
// docs/vault-format.md.
func (p *person) capsule(t *testing.T, text string) []byte {
	t.Helper()
	key, err := seal.KeyFrom(p.opens.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return seal.Seal(key, seal.Context{Purpose: "capsule", Account: string(p.account), Object: string(p.grant), Revision: 1}, padded(text))
}

func TestGrant_ofAnotherAccount_isNotFound_neitherToReadNorToEndNorToChange(t *testing.T) {
	w := start(t)
	ada, mallory := w.person(t, "ada"), w.person(t, "mallory")
	tokens := ada.tokensFor(t, w.vendor, "email")
	own := mallory.approval(t, mallory.flow(t, w.vendor), "email")
	path := "/grants/" + string(ada.grant)

	mallory.call(t, http.MethodGet, path, nil).Refused(t, http.StatusNotFound, "grant-unknown")
	mallory.call(t, http.MethodGet, path+"/releases", nil).Refused(t, http.StatusNotFound, "grant-unknown")
	mallory.call(t, http.MethodPost, path+"/withdraw", nil).Refused(t, http.StatusNotFound, "grant-unknown")
	own.Grant = string(ada.grant)
	mallory.call(t, http.MethodPost, "/flow/approve", own).Refused(t, http.StatusConflict, "grant-exists")
	mallory.call(t, http.MethodPut, "/vault", agent.VaultSave{Revision: 1, Document: random(64), Capsules: []agent.ResealedCapsule{
		{Grant: string(ada.grant), Revision: 2, Capsule: random(64)},
	}}).Refused(t, http.StatusNotFound, "grant-unknown")
	if a := mallory.Send(t, w.Request(t, http.MethodGet, "/connections/"+string(ada.grant), nil, "")); a.Status != http.StatusNotFound {
		t.Errorf("the page of another's consent answers %d", a.Status)
	}
	// One that does not exist looks the same: nothing tells that this one does.
	unknown := "/grants/" + string(id.New[id.Grant]())
	for _, end := range []string{"", "/releases"} {
		a, b := mallory.call(t, http.MethodGet, path+end, nil), mallory.call(t, http.MethodGet, unknown+end, nil)
		if a.Status != b.Status || string(a.Body) != string(b.Body) {
			t.Errorf("another's is %s, an unknown one %s", a.Body, b.Body)
		}
	}
	var vaulted agent.Vault
	if mallory.read(t, http.MethodGet, "/vault", nil, &vaulted); vaulted.Revision != 0 {
		t.Error("half of a refused save was kept")
	}
	w.serves(t, tokens.Access, "email")
	ada.withdraw(t)
}

// padded is the plaintext of a capsule: the length, the text, and noughts up to a class of sizes.
func padded(text string) []byte {
	size := max(4+len(text), 512)
	exponent := bits.Len(uint(size)) - 1
	mask := 1<<(exponent-bits.Len(uint(exponent))) - 1
	out := make([]byte, (size+mask)&^mask)
	binary.BigEndian.PutUint32(out, uint32(len(text)))
	copy(out[4:], text)
	return out
}

// payloadOf is what an ID token says.
func payloadOf(t *testing.T, token string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%d parts make no ID token", len(parts))
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	return string(payload)
}
