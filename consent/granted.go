package consent

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/meins-id/meins/internal/id"
)

// grantedEntry is one element of the authorization details that a vendor gets back: as the customer
// granted them, with the moment at which the consent ends.
type grantedEntry struct {
	Type       string         `json:"type"`
	Claims     []grantedClaim `json:"claims"`
	Purpose    *saidPurpose   `json:"purpose,omitempty"`
	Usage      string         `json:"usage"`
	Retention  string         `json:"retention,omitempty"`
	Expires    time.Time      `json:"expires"`
	Recipients []string       `json:"recipients,omitempty"`
	Terms      []string       `json:"terms,omitempty"`
}

type grantedClaim struct {
	Name     string `json:"name"`
	Required bool   `json:"required,omitempty"`
}

type saidPurpose struct {
	IRI  string `json:"iri,omitempty"`
	Text string `json:"text,omitempty"`
}

// Details are, of a grant that is Live, the authorization details as granted (RFC 9396, 7): an entry for
// each purpose. They are empty where the vendor asked in another form.
func (e *Engine) Details(ctx context.Context, grant id.Grant, client id.Client) (json.RawMessage, error) {
	g, err := e.live(ctx, grant, client)
	if err != nil || !g.Detailed {
		return nil, err
	}
	details, err := json.Marshal(g.details())
	if err != nil {
		return nil, fmt.Errorf("granted details: %w", err)
	}
	return details, nil
}

func (g Grant) details() []grantedEntry {
	entries := []grantedEntry{}
	index := map[string]int{}
	for _, c := range g.Claims {
		purposes := c.Purposes
		if len(purposes) == 0 {
			purposes = []Purpose{{}}
		}
		for _, p := range purposes {
			i, known := index[p.ID]
			if !known {
				i = len(entries)
				index[p.ID] = i
				entries = append(entries, g.entry(p))
			}
			entries[i].Claims = append(entries[i].Claims, grantedClaim{c.Name, c.Required})
		}
	}
	return entries
}

func (g Grant) entry(p Purpose) grantedEntry {
	e := grantedEntry{
		Type: DetailsType, Usage: "continuous", Retention: g.Retention, Expires: g.Ends,
		Recipients: g.Recipients, Terms: g.Terms.list(),
	}
	if g.Once {
		e.Usage = "once"
	}
	if p.ID != "" {
		e.Purpose = &saidPurpose{p.IRI, p.Text}
	}
	return e
}

// Names are the names of claims.
func Names(claims []Claim) []string {
	names := make([]string, len(claims))
	for i, c := range claims {
		names[i] = c.Name
	}
	return names
}
