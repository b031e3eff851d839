package provider

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/egress"
	"github.com/meins-id/meins/internal/id"
)

// How vendors are told that a session has ended.
const (
	logoutEvent   = "http://schemas.openid.net/event/backchannel-logout"
	logoutType    = "logout+jwt"
	logoutExpires = 2 * time.Minute // OpenID Connect Back-Channel Logout 1.0, 2.4

	crierEvery   = time.Second
	crierAtOnce  = 64              // farewells of one round
	crierTimeout = 5 * time.Second // of one delivery, after which none begins: a vendor that is slow keeps the others waiting
	crierPause   = 2 * time.Second // after the first failure; doubled each time
	crierLongest = time.Hour
	crierAnswer  = 4 << 10
)

// logoutToken is the logout token of OpenID Connect Back-Channel Logout 1.0, 2.4. It has no nonce, so
// that nobody takes it for an ID token.
type logoutToken struct {
	Issuer   string              `json:"iss"`
	Subject  string              `json:"sub"`
	Audience string              `json:"aud"`
	Issued   int64               `json:"iat"`
	Expires  int64               `json:"exp"`
	ID       string              `json:"jti"`
	Session  string              `json:"sid"`
	Events   map[string]struct{} `json:"events"`
}

// crier delivers what the ends of sessions have queued.
type crier struct {
	p   *Provider
	out *egress.Client
}

func newCrier(p *Provider) crier {
	// Whoever runs the provider on loopback has the vendors there too.
	return crier{p, egress.New(egress.Options{Loopback: strings.HasPrefix(p.o.Issuer, "http:"), Timeout: crierTimeout})}
}

// Run tells vendors of the sessions that end, until ctx does. What it has not delivered by then waits
// in the store.
func (p *Provider) Run(ctx context.Context) {
	c := newCrier(p)
	tick := time.NewTicker(crierEvery)
	defer tick.Stop()
	for {
		if err := c.round(ctx); err != nil && ctx.Err() == nil {
			p.o.Log.ErrorContext(ctx, "provider failed", "doing", "tell of logouts", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// round delivers what is due, to each vendor in turn and to all vendors at once.
func (c crier) round(ctx context.Context) error {
	taken, err := c.p.o.Accounts.TakeFarewells(ctx, crierAtOnce)
	if err != nil || len(taken) == 0 {
		return err
	}
	byVendor := map[id.Client][]identity.Farewell{}
	for _, f := range taken {
		byVendor[f.Client] = append(byVendor[f.Client], f)
	}
	var all sync.WaitGroup
	failed := make(chan error, len(byVendor))
	for client, list := range byVendor {
		all.Go(func() { failed <- c.tell(ctx, client, list) })
	}
	all.Wait()
	close(failed)
	for one := range failed {
		err = errors.Join(err, one)
	}
	return err
}

// tell delivers to one vendor until one delivery fails; it and those behind it come again later. So do those
// for which there is no time: a vendor that is slow must not keep the others waiting.
func (c crier) tell(ctx context.Context, client id.Client, list []identity.Farewell) error {
	v, err := c.p.vendor(ctx, client)
	if err != nil && !errors.Is(err, identity.ErrNoVendor) {
		return err
	}
	if err != nil || v.Protocol.BackLogout == "" { // it is gone, or does not want to hear any more
		return c.p.o.Accounts.SettleFarewells(ctx, list, nil)
	}
	delivered, began, failed := 0, c.p.o.Now(), false
	for delivered < len(list) && c.p.o.Now().Sub(began) < crierTimeout {
		if err := c.deliver(ctx, v, list[delivered]); err != nil {
			c.p.o.Log.WarnContext(ctx, "logout not delivered", "client", client, "tries", list[delivered].Tries+1, "error", err)
			failed = true
			break
		}
		delivered++
	}
	again := list[delivered:]
	for i := range again {
		again[i].Due = c.p.o.Now()
		if failed {
			again[i].Due = again[i].Due.Add(min(crierPause<<min(again[i].Tries, 20), crierLongest))
			again[i].Tries++
		}
	}
	// What was delivered is noted even while the server stops: else it would be told twice.
	return c.p.o.Accounts.SettleFarewells(context.WithoutCancel(ctx), list[:delivered], again)
}

// deliver posts one logout token (Back-Channel Logout 1.0, 2.5). Each try has a token of its own: the
// one before has expired, or the vendor took it and its answer was lost.
func (c crier) deliver(ctx context.Context, v identity.Vendor, f identity.Farewell) error {
	text, err := c.p.logoutToken(v, f)
	if err != nil {
		return err
	}
	body := url.Values{"logout_token": {text}}.Encode()
	answer, err := c.out.Post(ctx, v.Protocol.BackLogout, http.Header{"Content-Type": {formType}}, []byte(body), crierAnswer)
	if err != nil {
		return err
	}
	if answer.Status != http.StatusOK && answer.Status != http.StatusNoContent {
		return fmt.Errorf("the vendor answers %d", answer.Status)
	}
	return nil
}

// logoutToken is signed as the vendor's ID tokens are.
func (p *Provider) logoutToken(v identity.Vendor, f identity.Farewell) (string, error) {
	now := p.o.Now()
	payload, err := json.Marshal(logoutToken{
		Issuer: p.o.Issuer, Subject: p.subject(v, f.Account, f.Persona), Audience: string(f.Client), Issued: now.Unix(), Expires: now.Add(logoutExpires).Unix(),
		ID: tokenID(), Session: f.Session, Events: map[string]struct{}{logoutEvent: {}},
	})
	if err != nil {
		return "", fmt.Errorf("logout token: %w", err)
	}
	key, err := p.o.Keys.Signer(cmp.Or(v.SigningAlg, defaultAlgorithm))
	if err != nil {
		return "", fmt.Errorf("logout token: %w", err)
	}
	return signTyped(key, logoutType, payload)
}
