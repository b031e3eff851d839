package provider

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
)

// purposeFlow keeps sealed requests apart from all other blobs.
const purposeFlow = "flow"

// maxFlow is the longest flow parameter. A request that would become longer was refused before.
const maxFlow = 32 << 10

// request is an authorization request that was found valid. It travels sealed in the URL, so that
// somebody who is not signed in cannot make the server write anything. It prints [redacted].
type request struct {
	Client      id.Client       `json:"client"`
	Document    string          `json:"document,omitempty"` // the client's address, if that is its name
	RedirectURI string          `json:"redirect_uri"`
	State       string          `json:"state,omitempty"`
	Nonce       string          `json:"nonce,omitempty"`
	Challenge   string          `json:"challenge"`
	Scopes      []string        `json:"scopes"`
	Claims      json.RawMessage `json:"claims,omitempty"`
	Details     json.RawMessage `json:"details,omitempty"` // authorization details (RFC 9396)
	Prompt      []string        `json:"prompt,omitempty"`
	MaxAge      *int64          `json:"max_age,omitempty"` // seconds
	LoginHint   string          `json:"login_hint,omitempty"`
	UILocales   []string        `json:"ui_locales,omitempty"`
	Mode        string          `json:"mode,omitempty"` // of the response; empty is query
	Subjects    []string        `json:"subs,omitempty"` // the only customers who may answer, by name
	Seen        string          `json:"seen,omitempty"` // the login that was there already, see loginOf
	Resources   []string        `json:"resources,omitempty"`
	Thumbprint  string          `json:"jkt,omitempty"`    // of the key that the code is bound to (RFC 9449, 10)
	Pushed      string          `json:"pushed,omitempty"` // the name of a request that was pushed
	Device      string          `json:"device,omitempty"` // where a device waits that it is for
	Until       time.Time       `json:"until,omitzero"`   // of a request for later: how long it waits
	Issued      time.Time       `json:"issued"`
}

// String hides the request.
func (request) String() string { return redacted }

// GoString hides the request.
func (request) GoString() string { return redacted }

// Format hides the request under every verb.
func (request) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) } // fmt.State keeps no error

// LogValue hides the request.
func (request) LogValue() slog.Value { return slog.StringValue(redacted) }

// prompts says whether the vendor named this prompt.
func (q request) prompts(value string) bool { return slices.Contains(q.Prompt, value) }

// fresh says whether a session is as young as the vendor wants it at this moment. Choosing an account
// takes a login too: a browser has one session.
func (q request) fresh(s identity.Session, now time.Time) bool {
	if s.AuthTime.Unix() >= q.Issued.Unix() && loginOf(s) != q.Seen {
		return true // for this very request
	}
	if q.prompts(promptLogin) || q.prompts(promptSelect) {
		return false
	}
	return q.MaxAge == nil || now.Sub(s.AuthTime) <= time.Duration(*q.MaxAge)*time.Second
}

// wantsLogin says whether the age of the login matters at all.
func (q request) wantsLogin() bool {
	return q.MaxAge != nil || q.prompts(promptLogin) || q.prompts(promptSelect)
}

// loginOf names one login of one session. Times of login are kept in seconds: without it, one that
// came just before the request would pass for one that came because of it.
func loginOf(s identity.Session) string {
	return string(s.ID) + "@" + strconv.FormatInt(s.AuthTime.Unix(), 10)
}

// concerns says whether the vendor means this customer, where it said whom it means.
func (q request) concerns(subject string) bool {
	return len(q.Subjects) == 0 || slices.Contains(q.Subjects, subject)
}

// sealFlow makes the flow parameter.
func (p *Provider) sealFlow(q request) (string, error) {
	plaintext, err := json.Marshal(q)
	if err != nil {
		return "", fmt.Errorf("seal flow: %w", err)
	}
	kid, box := p.o.Keys.Flow()
	return sealBlob(kid, box, purposeFlow, plaintext), nil
}

// openFlow reverses sealFlow; a forged one is ErrFlow, one that is too old is ErrFlowExpired.
func (p *Provider) openFlow(flow string) (request, error) {
	if len(flow) > maxFlow {
		return request{}, ErrFlow
	}
	plaintext, err := openBlob(flow, purposeFlow, p.o.Keys.FlowByID)
	if err != nil {
		return request{}, ErrFlow.Because(err)
	}
	var q request
	if err := json.Unmarshal(plaintext, &q); err != nil {
		return request{}, ErrFlow // the cause would quote the request
	}
	if age := p.o.Now().Sub(q.Issued); age >= flowLifetime || age < -clockSkew {
		return request{}, ErrFlowExpired
	}
	return q, nil
}
