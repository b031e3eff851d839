package stolen_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/apptest"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/agent"
	"github.com/meins-id/meins/vault/seal"
)

// What the customer knows, and nobody else may.
const (
	login       = "kornblumenfreundin.4711"
	hinted      = "vielleicht.sie@hinweis.example" // whom a vendor takes the customer for
	passphrase  = "gelbe Dotterblumen im Mai 1791"
	recovered   = "rote Mohnfelder im August 1866"
	changed     = "späte Herbstzeitlosen um 1923"
	mistyped    = "gelbe Dotterblumem im Mai 1791"
	vendorsName = "Kornblume & Töchter 8093"
)

// The values in the vault, first and after the customer has moved.
var (
	values = map[string]any{
		"given_name": "Zoë-Annegret", "family_name": `Ünsal "von" Kornrade`, "name": `Zoë-Annegret Ünsal "von" Kornrade`,
		"email": "zoe.kornrade@marker.example", "birthdate": "1987-03-29", "phone_number": "+4915550471187",
		"address": map[string]any{
			"street_address": "Mohnweg 47 <Hinterhaus> / Söhne", "locality": "Klein Kornrade", "postal_code": "D-47119-X",
		},
	}
	moved = map[string]any{
		"email":   "zoe@umgezogen.example",
		"address": map[string]any{"street_address": "Am Rittersporn 1203", "locality": "Groß Akelei", "postal_code": "D-81132-Y"},
	}
)

// life is a whole life of an account, and what a thief finds after it.
type life struct {
	program   *apptest.Program
	tap       *tap
	markers   markers
	shop, app apptest.Vendor // one keeps a secret, one does not
	customer  *apptest.Customer
	device    *apptest.Customer // another browser of the same person
	held      []apptest.Tokens  // by the shop, in the order of their issue
	code      string            // the last one that the shop got

	pages   []exchange // visits to all pages
	poked   int        // how many exchanges were before the poking
	garbled []string   // answers to what was no request

	folder   string // of what the thief has: the data folder is in it, as is what the program leaves beside it
	backup   string // a file
	restored string // a data folder
	early    []byte // the database when there was most in it
}

// live lets the customer live. The parts of the story are in the order of the life.
func live(t *testing.T) *life {
	t.Helper()
	l := &life{folder: t.TempDir()}
	t.Setenv("TMPDIR", filepath.Join(l.folder, "tmp")) // what the program keeps and leaves there is the thief's
	must(t, os.Mkdir(os.Getenv("TMPDIR"), 0o700))
	l.program = apptest.Start(t)
	l.tap = &tap{next: l.program.Transport}
	l.program.Transport = l.tap
	l.signUp(t)
	l.share(t)
	l.edit(t)
	l.admit(t)
	l.returnElsewhere(t)
	l.mistype(t)
	l.steal(t)
	l.recover(t)
	l.withdraw(t)
	l.rotate(t)
	l.markers.text(t, "login name", login)
	l.markers.text(t, "login hint", hinted)
	l.markers.text(t, "code verifier", apptest.Verifier)
	l.markers.values(t, "value of", values)
	l.markers.values(t, "value of", moved)
	l.tap.secrets(t, &l.markers)
	return l
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// admit makes a token for a program, by a call that may be sent again: what was answered is not to be found.
func (l *life) admit(t *testing.T) {
	t.Helper()
	in := `{"current_auth":"` + base64.StdEncoding.EncodeToString(l.customer.Proof(t)) + `","name":"my notes","scopes":["read:grants"],"expires":"` + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + `"}`
	r := l.program.Request(t, "POST", "/api/v1/tokens", strings.NewReader(in), apptest.JSON)
	r.Header.Set("Idempotency-Key", "once")
	secret := l.customer.Send(t, r).Text("secret")
	if secret == "" {
		t.Fatal("no token for a program")
	}
	l.markers.text(t, "program's token", secret)
}

// signUp brings the vendors and the customer.
func (l *life) signUp(t *testing.T) {
	t.Helper()
	l.shop = l.program.AddVendor(t, "https://kornblume.example/callback", "--name", vendorsName, "--purpose", "email=to send the receipt")
	l.app = l.program.AddVendor(t, "https://app.example/callback", "--public")
	l.markers.text(t, "client secret", l.shop.ClientSecret)
	l.customer = l.program.Customer(t)
	l.customer.SignUp(t, login, passphrase)
	l.customer.Fill(t, values)
	l.markers.text(t, "passphrase", passphrase)
	l.knows(t, l.customer.RecoveryCode)
	l.derived(t)
}

// knows takes in a recovery code as people write it, and as its secret is made of it.
func (l *life) knows(t *testing.T, code string) {
	t.Helper()
	l.markers.text(t, "recovery code", code)
	l.markers.text(t, "recovery code", strings.ReplaceAll(code, "-", ""))
	l.markers.text(t, "recovery code", strings.ToLower(code))
}

// derived takes in the keys on the customer's side, as docs/vault-format.md makes them.
func (l *life) derived(t *testing.T) {
	t.Helper()
	c := l.customer
	l.markers.add(t, "vault key", vaultKey(t, c))
	var slots agent.SlotList
	must(t, c.Do(t.Context(), http.MethodGet, "/slots", nil, &slots))
	symbols := strings.ReplaceAll(c.RecoveryCode, "-", "")
	roots := []seal.Key{seal.Stir([]byte(symbols[:len(symbols)-1]), "meins/1/recovery")}
	for _, s := range slots.Slots {
		if s.Stretch != nil {
			root, err := seal.Stretch{Memory: s.Stretch.M, Time: s.Stretch.T, Threads: s.Stretch.P, Salt: s.Stretch.Salt}.Run(c.Passphrase)
			must(t, err)
			roots = append(roots, root)
		}
	}
	for _, root := range roots {
		l.markers.add(t, "root of a secret", root.Bytes())
		l.markers.add(t, "unlocking key", seal.Derive(root, "meins/1/unlock").Bytes())
	}
	if len(roots) != 2 {
		t.Fatalf("%d slots", len(roots))
	}
}

// vaultKey opens what the agent keeps with what the server gives to the session.
func vaultKey(t *testing.T, c *apptest.Customer) []byte {
	t.Helper()
	var answer agent.SessionAnswer
	must(t, c.Do(t.Context(), http.MethodGet, "/session", nil, &answer))
	kept, err := c.Kept.Load(t.Context())
	must(t, err)
	key, err := vault.OpenSession(answer.Session.Share, kept.Account, kept.Session, kept.Wrapped)
	must(t, err)
	return key.Bytes()
}

// The claims that are shared, and the requests for them.
const (
	shopScope = "openid profile email address phone offline_access"
	inIDToken = `{"id_token":{"email":{"essential":true}}}`
)

var shared = []string{"name", "given_name", "family_name", "birthdate", "email", "address", "phone_number"}

// share lets both vendors have values, and use their tokens in every way.
func (l *life) share(t *testing.T) {
	t.Helper()
	p := l.program
	to := l.customer.Authorize(t, p.AuthorizeURL(l.shop, "scope", shopScope, "claims", inIDToken, "login_hint", hinted), shared...)
	first := p.Exchange(t, l.shop, apptest.CodeOf(t, to))
	l.reads(t, first.Access, values["email"])
	second := p.Refresh(t, l.shop, first.Refresh)
	l.reads(t, second.Access, values["email"])
	l.reads(t, first.Access, values["email"])
	l.held = append(l.held, first, second)
	for _, token := range []string{second.Access, second.Refresh, first.Refresh} {
		answer := p.Post(t, "/oauth/introspect", l.shop, url.Values{"token": {token}})
		if active := answer.Text("active"); (active == "true") == (token == first.Refresh) {
			t.Fatalf("introspection answers %s", answer.Body)
		}
	}
	l.held = append(l.held, p.Refresh(t, l.shop, second.Refresh))
	other := p.Exchange(t, l.app, apptest.CodeOf(t, l.customer.Authorize(t, p.AuthorizeURL(l.app), "email")))
	l.reads(t, other.Access, values["email"])
}

// reads asks UserInfo, and takes in what it says as it says it. That there is something to be found
// shows here: the vendor does get the values.
func (l *life) reads(t *testing.T, access string, email any) {
	t.Helper()
	answer := l.program.UserInfo(t, access)
	if answer.Status != http.StatusOK || answer.Text("email") != email {
		t.Fatalf("the vendor reads %d %s", answer.Status, answer.Body)
	}
	var info map[string]any
	must(t, json.Unmarshal(answer.Body, &info))
	l.markers.values(t, "value of", info)
}

// edit changes values that both vendors follow.
func (l *life) edit(t *testing.T) {
	t.Helper()
	if saved := l.customer.Fill(t, moved); len(saved.Updated) != 2 {
		t.Fatalf("the vendors that follow are %v", saved.Updated)
	}
	l.reads(t, l.held[1].Access, moved["email"])
}

// returnElsewhere signs in on a second device, where nothing is asked. Somebody uses an old token and a
// code a second time, which ends all that came from them.
func (l *life) returnElsewhere(t *testing.T) {
	t.Helper()
	p := l.program
	l.device = p.Customer(t)
	if _, err := l.device.Login(t.Context(), login, passphrase); err != nil {
		t.Fatalf("sign in elsewhere: %v", err)
	}
	p.Post(t, "/oauth/token", l.shop, apptest.RefreshForm(l.held[0].Refresh)).Refused(t, http.StatusBadRequest, "invalid_grant")
	for i := range 2 {
		code := apptest.CodeOf(t, l.device.Authorize(t, l.pushed(t)))
		tokens := p.Exchange(t, l.shop, code)
		l.reads(t, tokens.Access, moved["email"])
		l.held, l.code = append(l.held, tokens), code
		if i == 0 {
			p.Post(t, "/oauth/token", l.shop, apptest.CodeForm(l.shop, code)).Refused(t, http.StatusBadRequest, "invalid_grant")
		}
	}
}

// pushed leaves a request, with what it says of the customer, at the provider, before the browser goes
// there with nothing but its name.
func (l *life) pushed(t *testing.T) (authorize string) {
	t.Helper()
	request, err := url.Parse(l.program.AuthorizeURL(l.shop, "scope", shopScope, "login_hint", hinted))
	must(t, err)
	answer := l.program.Post(t, "/oauth/par", l.shop, request.Query())
	if answer.Status != http.StatusCreated {
		t.Fatalf("pushed: %d %s", answer.Status, answer.Body)
	}
	request.RawQuery = url.Values{"client_id": {l.shop.ClientID}, "request_uri": {answer.Text("request_uri")}}.Encode()
	return request.String()
}

// mistype tries secrets that are wrong: the customer's own, mistyped, are nearly the right ones.
func (l *life) mistype(t *testing.T) {
	t.Helper()
	stranger := l.program.Customer(t)
	if _, err := stranger.Login(t.Context(), login, mistyped); err == nil {
		t.Fatal("a wrong passphrase signs in")
	}
	if _, err := l.customer.Unlock(t.Context(), mistyped); err == nil {
		t.Fatal("a wrong passphrase opens the vault")
	}
	code := vault.NewRecoveryCode().Text()
	if _, err := stranger.Recover(t.Context(), login, code); err == nil {
		t.Fatal("a wrong recovery code signs in")
	}
	l.markers.text(t, "mistyped passphrase", mistyped)
	l.knows(t, code)
}

// steal takes a backup beside the running server, restores it elsewhere, and copies the database, now
// that there is most in it: two sessions that live, two consents in force, tokens that serve.
func (l *life) steal(t *testing.T) {
	t.Helper()
	l.backup, l.restored = filepath.Join(l.folder, "backup"), filepath.Join(l.folder, "restored")
	l.program.Do(t, "backup", l.backup)
	apptest.Run(t, "restore", l.backup, "--data", l.restored, "--master-key-file", l.masterFile())
	var err error
	l.early, err = os.ReadFile(filepath.Join(l.program.Data, "meins.db"))
	must(t, err)
}

// masterFile is where the server has its master key.
func (l *life) masterFile() string { return filepath.Join(l.program.Data, "master.key") }

// recover forgets the passphrase, signs in with the recovery code, and replaces every secret.
func (l *life) recover(t *testing.T) {
	t.Helper()
	ctx, c := t.Context(), l.device
	if _, err := c.Recover(ctx, login, l.customer.RecoveryCode); err != nil {
		t.Fatalf("recover: %v", err)
	}
	prepared, err := c.PrepareRenewal(ctx, recovered)
	must(t, err)
	_, err = c.ConfirmRenewal(ctx, prepared.RecoveryCode)
	must(t, err)
	must(t, c.ChangePassphrase(ctx, recovered, changed, agent.EndTokens))
	replaced, err := c.PrepareRecovery(ctx, changed)
	must(t, err)
	must(t, c.ConfirmRecovery(ctx, replaced.RecoveryCode))
	l.markers.text(t, "passphrase", recovered)
	l.markers.text(t, "passphrase", changed)
	l.knows(t, prepared.RecoveryCode)
	l.knows(t, replaced.RecoveryCode)
}

// withdraw revokes a token, and then the whole consent of the shop: its tokens serve no more. The
// app's stays in force.
func (l *life) withdraw(t *testing.T) {
	t.Helper()
	token := l.held[len(l.held)-1].Access
	last := url.Values{"access_token": {token}, "token": {token}}
	if answer := l.program.Post(t, "/oauth/revoke", l.shop, last); answer.Status != http.StatusOK {
		t.Fatalf("a token is revoked with %d %s", answer.Status, answer.Body)
	}
	r := l.program.Request(t, http.MethodPost, "/oauth/userinfo", strings.NewReader(last.Encode()), apptest.Form)
	l.program.Send(t, r).Refused(t, http.StatusUnauthorized, "invalid_token")
	grants, err := l.device.Grants(t.Context())
	must(t, err)
	for _, g := range grants {
		if g.Vendor.Client == l.shop.ClientID {
			_, err := l.device.Withdraw(t.Context(), id.Grant(g.ID))
			must(t, err)
		}
	}
	for _, tokens := range l.held {
		l.program.UserInfo(t, tokens.Access).Refused(t, http.StatusUnauthorized, "invalid_token")
		l.program.Post(t, "/oauth/token", l.shop, apptest.RefreshForm(tokens.Refresh)).Refused(t, http.StatusBadRequest, "invalid_grant")
	}
}

// rotate replaces the server's keys and the shop's secret.
func (l *life) rotate(t *testing.T) {
	t.Helper()
	l.program.Do(t, "keys", "rotate")
	var fresh apptest.Vendor
	must(t, json.Unmarshal([]byte(l.program.Do(t, "vendor", "rotate-secret", l.shop.ClientID, "--json")), &fresh))
	itself := url.Values{"grant_type": {"client_credentials"}}
	l.program.Post(t, "/oauth/token", l.shop, itself).Refused(t, http.StatusUnauthorized, "invalid_client")
	l.shop.ClientSecret = fresh.ClientSecret
	if answer := l.program.Post(t, "/oauth/token", l.shop, itself); answer.Status != http.StatusOK {
		t.Fatalf("the new secret gives %d %s", answer.Status, answer.Body)
	}
	l.markers.text(t, "client secret", fresh.ClientSecret)
}

// leave signs out: at a vendor, which sends the browser to the provider, and then here.
func (l *life) leave(t *testing.T) {
	t.Helper()
	form := url.Values{"id_token_hint": {l.held[len(l.held)-1].ID}, "client_id": {l.shop.ClientID}, "logout_hint": {hinted}}
	r := l.program.Request(t, http.MethodPost, "/oauth/end_session", strings.NewReader(form.Encode()), apptest.Form)
	if answer := l.device.Send(t, r); answer.Status != http.StatusSeeOther {
		t.Errorf("signing out at the vendor is answered with %d", answer.Status)
	}
	must(t, l.device.Logout(t.Context()))
}
