package attack_test

import (
	"net/http"
	"testing"

	"github.com/meins-id/meins/internal/apptest"
	"github.com/meins-id/meins/vault/agent"
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
