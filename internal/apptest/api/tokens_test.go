package api_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/apptest"
)

// programCalls are all that a program may do, with the scope that it needs.
var programCalls = map[string]string{
	"listGrants": "read:grants", "getGrant": "read:grants", "listReleases": "read:releases",
	"listReceipts": "read:receipts", "getReceiptHead": "read:receipts", "getReceipt": "read:receipts", "withdrawGrant": "withdraw",
}

// filled is the path of a call about the customer's own consent.
func (w *world) filled(o operation) string {
	return strings.NewReplacer("{grant}", w.known["grant_id"][0].(string), "{seq}", "1", "{revision}", "1", "{stream}", apptest.AnID,
		"{request}", apptest.AnID, "{token}", apptest.AnID).Replace(o.Path)
}

func TestProgram_doesWhatItsScopesSay_andNothingElse(t *testing.T) {
	p := apptest.Start(t)
	w := newWorld(t, p)
	tokens := map[string]string{}
	for _, scope := range []string{"read:grants", "read:releases", "read:receipts", "withdraw"} {
		tokens[scope] = w.made(t, scope).Secret
	}
	w.description = described(t, p)
	all := w.operations()
	slices.SortFunc(all, func(a, b operation) int { // what ends the consent comes last
		return strings.Compare(b.Method, a.Method)
	})
	slices.Reverse(all)
	for _, o := range all {
		if slices.Contains(o.Callers, "") {
			continue
		}
		for scope, token := range tokens {
			var in any
			if o.Body != nil {
				in = map[string]any{}
			}
			a := w.call(t, token, o.Method, w.filled(o), in)
			switch needs, takes := programCalls[o.ID]; {
			case takes && needs == scope && a.Status != http.StatusOK:
				t.Errorf("%s with %s: %d %s", o.ID, scope, a.Status, a.Body)
			case takes && needs != scope:
				a.Refused(t, http.StatusForbidden, "token-scope")
			case !takes && (a.Status != http.StatusUnauthorized || a.Code() != "no-session" && a.Code() != "vendor-token"):
				t.Errorf("%s with %s: %d %s", o.ID, scope, a.Status, a.Body)
			}
			if strings.Contains(string(a.Body), "wrapped_key") {
				t.Errorf("%s shows a sealed key", o.ID)
			}
		}
	}
	if state := w.ada.Send(t, p.Request(t, "GET", "/api/v1/grants/"+w.known["grant_id"][0].(string), nil, "")).Text("state"); state != "withdrawn" {
		t.Errorf("a program withdrew, and the consent is %s", state)
	}
}

func TestProgram_isOver_whenItsTokenEnds(t *testing.T) {
	p := apptest.Start(t)
	w := newWorld(t, p)
	one := w.made(t, "read:grants")
	get := func(token string) apptest.Answer { return w.call(t, token, "GET", "/grants", nil) }
	if a := get(one.Secret); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	for _, wrong := range []string{
		one.Secret + "x", one.Secret[:len(one.Secret)-1], one.Secret[:33] + w.made(t, "read:grants").Secret[33:],
		"meins_" + one.Token.ID, "meins_", "meins_." + one.Secret,
	} {
		get(wrong).Refused(t, http.StatusUnauthorized, "token-invalid")
	}
	list := w.ada.Send(t, p.Request(t, "GET", "/api/v1/tokens", nil, ""))
	if !strings.Contains(string(list.Body), one.Token.ID) || strings.Contains(string(list.Body), one.Secret[33:]) {
		t.Errorf("the list: %s", list.Body)
	}
	bob := p.SignUp(t, "bob", ada)
	bob.Send(t, p.Request(t, "DELETE", "/api/v1/tokens/"+one.Token.ID, nil, "")).Refused(t, http.StatusNotFound, "token-unknown")
	if a := w.ada.Send(t, p.Request(t, "DELETE", "/api/v1/tokens/"+one.Token.ID, nil, "")); a.Status != http.StatusNoContent {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	get(one.Secret).Refused(t, http.StatusUnauthorized, "token-invalid")
	expires := time.Now().Add(5 * time.Second)
	short := w.ada.Send(t, w.asking(t, "", "POST", "/tokens", map[string]any{"current_auth": w.proof(t), "name": "short", "scopes": []string{"read:grants"}, "expires": expires}))
	secret := short.Text("secret")
	if short.Status != http.StatusCreated || secret == "" {
		t.Fatalf("%d %s", short.Status, short.Body)
	}
	time.Sleep(time.Until(expires) + time.Second) // kept in seconds
	get(secret).Refused(t, http.StatusUnauthorized, "token-invalid")
	for name, in := range map[string]map[string]any{
		"no scope": {"name": "x", "scopes": []string{}, "expires": time.Now().Add(time.Hour)}, "approving": {"name": "x", "scopes": []string{"approve"}, "expires": time.Now().Add(time.Hour)},
		"for ever": {"name": "x", "scopes": []string{"withdraw"}, "expires": time.Now().AddDate(2, 0, 0)}, "no name": {"name": " ", "scopes": []string{"withdraw"}, "expires": time.Now().Add(time.Hour)},
	} {
		in["current_auth"] = w.proof(t)
		if a := w.ada.Send(t, w.asking(t, "", "POST", "/tokens", in)); a.Status != http.StatusBadRequest || a.Code() != "token-refused" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
}

// A token is on the server's disk and in its log only as what leads back to nothing.
func TestProgram_tokenIsStoredNowhere(t *testing.T) {
	p := apptest.Start(t)
	w := newWorld(t, p)
	secret := w.made(t, "read:grants").Secret
	w.call(t, secret, "GET", "/grants", nil)
	database, err := os.ReadFile(p.Data + "/meins.db")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(database), secret[33:]) || strings.Contains(p.Log(), secret[33:]) {
		t.Error("the token is kept")
	}
}

func TestProgram_isGivenAToken_byWhoeverKnowsThePassphrase(t *testing.T) {
	p := apptest.Start(t)
	w := newWorld(t, p)
	in := map[string]any{"name": "x", "scopes": []string{"read:grants"}, "expires": time.Now().Add(time.Hour)}
	for _, wrong := range []any{nil, "", []byte{}, make([]byte, 32)} {
		if in["current_auth"] = wrong; wrong == nil {
			delete(in, "current_auth")
		}
		a := w.keyed(t, "", "k", "/tokens", in)
		if a.Status != http.StatusForbidden && a.Status != http.StatusTooManyRequests || a.Text("secret") != "" {
			t.Errorf("with %v: %d %s", wrong, a.Status, a.Body)
		}
	}
	if list := w.ada.Send(t, p.Request(t, "GET", "/api/v1/tokens", nil, "")); strings.Contains(string(list.Body), `"name":"x"`) {
		t.Errorf("refused, and kept: %s", list.Body)
	}
}
