package signal

import (
	"slices"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/outbox"
)

func TestPayload_ofARequestForDeletion_speaksTheDataRightsProtocol(t *testing.T) {
	asked := time.Date(2026, 11, 22, 10, 42, 0, 0, time.UTC)
	p := payload(outbox.Event{
		ID: "event222222222222222222222", Kind: outbox.ErasureRequested, Time: asked, Grant: grant,
		Claims: []string{"address", "email"}, Ends: asked.AddDate(0, 1, 0),
	})
	for member, want := range map[string]string{
		"exercise": "deletion", "regime": "voluntary", "request_id": "event222222222222222222222", "grant_id": string(grant),
		"issued-at": "2026-11-22T10:42:00Z", "expires-at": "2026-12-22T10:42:00Z",
	} {
		if p[member] != want {
			t.Errorf("%s is %v", member, p[member])
		}
	}
	names, ok := p["claims"].([]string)
	if !ok || !slices.Equal(names, []string{"address", "email"}) {
		t.Errorf("claims are %v", p["claims"])
	}
	if _, there := p["expires_at"]; there {
		t.Error("the month to answer reads like the end of the consent")
	}
}
