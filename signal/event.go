package signal

import (
	"slices"
	"time"

	"github.com/meins-id/meins/internal/outbox"
)

// The types of events, by what they are about. Those below meins.id are described in docs/vendors.md;
// the others are the standards' own (SSF 1.0, CAEP 1.0, RISC 1.0).
var uris = map[outbox.Kind]string{
	outbox.GrantGiven:       "https://meins.id/events/grant-created",
	outbox.GrantAmended:     "https://meins.id/events/grant-amended",
	outbox.GrantWithdrawn:   "https://meins.id/events/grant-withdrawn",
	outbox.GrantExpired:     "https://meins.id/events/grant-expired",
	outbox.ClaimsChanged:    "https://meins.id/events/claims-changed",
	outbox.ErasureRequested: "https://meins.id/events/erasure-requested",

	outbox.SessionRevoked: "https://schemas.openid.net/secevent/caep/event-type/session-revoked",
	outbox.AccountPurged:  "https://schemas.openid.net/secevent/risc/event-type/account-purged",

	outbox.Verification:  "https://schemas.openid.net/secevent/ssf/event-type/verification",
	outbox.StreamUpdated: "https://schemas.openid.net/secevent/ssf/event-type/stream-updated",
}

// kinds are those that a vendor may ask for, in the order in which they are offered.
var kinds = []outbox.Kind{
	outbox.GrantGiven, outbox.GrantAmended, outbox.GrantWithdrawn, outbox.GrantExpired, outbox.ClaimsChanged,
	outbox.ErasureRequested, outbox.SessionRevoked, outbox.AccountPurged,
}

// Supported are the types of events that a vendor may ask for.
func Supported() []string {
	all := make([]string, len(kinds))
	for i, k := range kinds {
		all[i] = uris[k]
	}
	return all
}

// wanted gives the kinds behind the types that a vendor asks for; those that nobody here knows are
// left out, as the standard wants it.
func wanted(requested []string) []outbox.Kind {
	var all []outbox.Kind
	for _, k := range kinds {
		if slices.Contains(requested, uris[k]) {
			all = append(all, k)
		}
	}
	return all
}

// payload is what an event says beyond its type and whom it is about.
func payload(e outbox.Event) map[string]any {
	switch e.Kind {
	case outbox.Verification:
		return present(map[string]any{"state": e.Detail})
	case outbox.StreamUpdated:
		return map[string]any{"status": e.Detail}
	case outbox.AccountPurged:
		return map[string]any{}
	case outbox.SessionRevoked:
		return map[string]any{"event_timestamp": e.Time.Unix(), "initiating_entity": "user"}
	case outbox.GrantGiven, outbox.GrantAmended, outbox.GrantWithdrawn, outbox.GrantExpired, outbox.ClaimsChanged, outbox.ErasureRequested:
	}
	p := map[string]any{"event_timestamp": e.Time.Unix(), "grant_id": string(e.Grant), "reason": e.Detail}
	if len(e.Claims) > 0 {
		p["claims"] = e.Claims
	}
	if !e.Ends.IsZero() {
		p["expires_at"] = e.Ends.Unix()
	}
	if e.Kind == outbox.ErasureRequested {
		deletion(p, e)
	}
	return present(p)
}

// deletion adds the members of a Data Rights Protocol request, as far as an event that is signed, says who
// it is about, and has an identifier does not say the same: exercise and regime by its names, and until
// when an answer is due instead of an end of the consent.
func deletion(p map[string]any, e outbox.Event) {
	p["drp.version"], p["exercise"], p["regime"] = "0.9", "deletion", "voluntary"
	p["request_id"], p["issued-at"] = string(e.ID), e.Time.UTC().Format(time.RFC3339)
	p["expires-at"] = e.Ends.UTC().Format(time.RFC3339)
	delete(p, "expires_at")
}

// present drops what is an empty text.
func present(p map[string]any) map[string]any {
	for name, value := range p {
		if value == "" {
			delete(p, name)
		}
	}
	return p
}
