package agent

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// Grants lists every consent, in force or not.
func (a *Agent) Grants(ctx context.Context) ([]Grant, error) {
	var answer GrantList
	err := a.transport.Do(ctx, "GET", "/grants", nil, &answer)
	return answer.Grants, err
}

// Releases lists when the vendor read which claims, the newest first. The page after begins at its
// Next.
func (a *Agent) Releases(ctx context.Context, grant id.Grant, before string, limit int) (ReleaseList, error) {
	path, err := grantPath(grant, "/releases")
	if err != nil {
		return ReleaseList{}, err
	}
	var query []string
	if before != "" {
		query = append(query, "before="+escape(before))
	}
	if limit > 0 {
		query = append(query, "limit="+strconv.Itoa(limit))
	}
	if len(query) > 0 {
		path += "?" + strings.Join(query, "&")
	}
	var answer ReleaseList
	err = a.transport.Do(ctx, "GET", path, nil, &answer)
	return answer, err
}

// Withdraw ends a consent, for good and at once.
func (a *Agent) Withdraw(ctx context.Context, grant id.Grant) (Grant, error) {
	path, err := grantPath(grant, "/withdraw")
	if err != nil {
		return Grant{}, err
	}
	var answer Grant
	err = a.transport.Do(ctx, "POST", path, nil, &answer)
	return answer, err
}

// Narrowed is what the customer takes back of a consent: claims whole, or purposes of every claim.
type Narrowed struct {
	Grant    id.Grant `json:"grant"`
	Claims   []string `json:"claims,omitempty"`
	Purposes []string `json:"purposes,omitempty"`
}

// Narrow takes claims or purposes back, for good and at once. The vendor's copy is sealed anew
// without them in the same step. What goes whole is written down in the vault first: no server can make this
// agent seal it for the vendor again.
func (a *Agent) Narrow(ctx context.Context, n Narrowed) (Grant, error) {
	path, err := grantPath(n.Grant, "")
	if err != nil {
		return Grant{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	session, err := a.unlocked(ctx)
	if err != nil {
		return Grant{}, err
	}
	var g, answer Grant
	if err := a.transport.Do(ctx, "GET", path, nil, &g); err != nil {
		return Grant{}, err
	}
	if _, err := a.unwrap(id.Account(session.Account), g); err != nil {
		return Grant{}, err // it is not the consent that the customer gave
	}
	in := Narrowing{Claims: n.Claims, Purposes: n.Purposes}
	// A vendor that follows the vault gets what is left as it is now. What one reads as it was given,
	// the agent does not know: there the server holds back what was taken.
	if g.Continuous {
		if in.Capsule, err = a.narrowed(ctx, g, n, path); err != nil {
			return Grant{}, err
		}
	}
	err = a.transport.Do(ctx, "POST", path+"/narrow", in, &answer)
	return answer, err
}

// narrowed writes down what is taken back, and seals what is left.
func (a *Agent) narrowed(ctx context.Context, g Grant, n Narrowed, path string) (*NextCapsule, error) {
	kept := left(g.Claims, n)
	gone := slices.DeleteFunc(said(g).Claims, func(name string) bool { return slices.Contains(kept, name) })
	note := func(d *vault.Document) error { d.TakeBack(n.Grant, gone); return nil }
	if _, err := a.change(ctx, Edit{}, note); err != nil {
		return nil, err
	}
	var now Grant // that save may have sealed what was behind
	if err := a.transport.Do(ctx, "GET", path, nil, &now); err != nil {
		return nil, err
	}
	d, err := a.load(ctx)
	if err != nil {
		return nil, err
	}
	next, err := a.next(now, d.ClaimsForGrant(n.Grant, id.Persona(now.Persona), left(now.Claims, n), a.now()))
	return &NextCapsule{Revision: next.Revision, Capsule: next.Capsule}, err
}

// left are the claims that something is left of.
func left(claims []Claim, n Narrowed) []string {
	names := []string{}
	for _, c := range claims {
		all := len(c.Purposes) > 0 && !slices.ContainsFunc(c.Purposes, func(p Purpose) bool { return !slices.Contains(n.Purposes, p.ID) })
		if !all && !slices.Contains(n.Claims, c.Name) {
			names = append(names, c.Name)
		}
	}
	return names
}

// Pause lets nothing out until Unpause.
func (a *Agent) Pause(ctx context.Context, grant id.Grant) (Grant, error) {
	return a.lifecycle(ctx, "POST", grant, "/pause", nil)
}

// Unpause ends a pause.
func (a *Agent) Unpause(ctx context.Context, grant id.Grant) (Grant, error) {
	return a.lifecycle(ctx, "POST", grant, "/resume", nil)
}

// Extend gives a consent in force another end.
func (a *Agent) Extend(ctx context.Context, grant id.Grant, ends time.Time) (Grant, error) {
	return a.lifecycle(ctx, "POST", grant, "/renew", Renewing{Ends: ends})
}

// AskEachTime makes the customer be asked at each login at this vendor, or no longer.
func (a *Agent) AskEachTime(ctx context.Context, grant id.Grant, each bool) (Grant, error) {
	return a.lifecycle(ctx, "PUT", grant, "/each-time", EachTime{EachTime: each})
}

func (a *Agent) lifecycle(ctx context.Context, method string, grant id.Grant, what string, in any) (Grant, error) {
	path, err := grantPath(grant, what)
	if err != nil {
		return Grant{}, err
	}
	var answer Grant
	err = a.transport.Do(ctx, method, path, in, &answer)
	return answer, err
}

// grantPath takes only what is an identifier: it becomes part of an address.
func grantPath(grant id.Grant, what string) (string, error) {
	if _, err := id.Parse[id.Grant](string(grant)); err != nil {
		return "", ErrCall.Because(err)
	}
	return "/grants/" + string(grant) + what, nil
}

// escape writes a text into a query (net/url is large, and this is all that is needed of it).
func escape(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == '~':
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}
