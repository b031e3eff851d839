package apptest

import (
	"encoding/json"
	"testing"
)

// Vendor is a relying party as the operator registered it.
type Vendor struct {
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"` // empty for a public one
	RedirectURI  string `json:"-"`
}

// AddVendor registers a vendor on the command line, beside the running program.
func (p *Program) AddVendor(t testing.TB, redirectURI string, flags ...string) Vendor {
	t.Helper()
	args := []string{"vendor", "add", "--json", "--name", "Kornblume", "--redirect-uri", redirectURI}
	v := Vendor{RedirectURI: redirectURI}
	if err := json.Unmarshal([]byte(p.Do(t, append(args, flags...)...)), &v); err != nil {
		t.Fatalf("the vendor's credentials: %v", err)
	}
	return v
}
