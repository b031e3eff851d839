package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/agent"
	"github.com/meins-id/meins/vault/seal"
)

// shopper is customers in a browser, and the vendors that they visit, over one connection. No two
// shoppers share a customer.
type shopper struct {
	*connection
	vendors []vendor
	mine    []customer
	turn    int

	codes     []string       // to be redeemed
	approvals []approval     // to be sent
	refresh   [2]string      // the newest of its family, with ES256 and with RS256
	tokens    []string       // access tokens for UserInfo
	digest    string         // of what the last vendor asks
	choices   []agent.Choice // of it
}

// approval is a yes that was sealed beforehand: that is the work of the customer's agent.
type approval struct {
	cookie string
	agent.Approval
}

// tokens of the token endpoint.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
}

const verifier = "a-verifier-is-drawn-anew-for-each-login-but-not-by-a-load-driver"

// newShoppers dials for n shoppers and gives each its share of the customers.
func newShoppers(ctx context.Context, host string, f *folder, n int) ([]*shopper, error) {
	var all []*shopper
	for i := range n {
		c, err := dial(ctx, host)
		if err != nil {
			return nil, err
		}
		s := &shopper{connection: c, vendors: f.vendors}
		for j := i; j < len(f.customers); j += n {
			s.mine = append(s.mine, f.customers[j])
		}
		if len(s.mine) == 0 {
			return nil, errors.New("there are more connections than customers")
		}
		all = append(all, s)
	}
	return all, nil
}

func closeAll(all []*shopper) {
	for _, s := range all {
		s.close()
	}
}

// stride takes turns through the customers in an order that no page of the database has.
const stride = 7919

// anybody is a customer, another one each time.
func (s *shopper) anybody() customer {
	s.turn++
	return s.mine[s.turn*stride%len(s.mine)]
}

// authorize begins a login at a vendor, as a program does, and gives the sealed request.
func (s *shopper) authorize(v vendor, cookie string) (flow string, err error) {
	a, err := s.get(http.StatusSeeOther, requestOf(v), cookieHeader(cookie))
	if err != nil {
		return "", err
	}
	_, flow, ok := strings.Cut(a.location, "/continue?flow=")
	if !ok {
		return "", fmt.Errorf("authorize led to %s", a.location)
	}
	return flow, nil
}

// navigates is a login of a browser that comes back: it gets the page that goes on at once, whose
// script puts the grant's key into the code.
func (s *shopper) navigates(v vendor, cookie string, g grant) (code string, err error) {
	const navigation = "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Site: cross-site\r\n"
	a, err := s.get(http.StatusOK, requestOf(v), navigation+cookieHeader(cookie))
	if err != nil {
		return "", err
	}
	_, rest, _ := strings.Cut(string(a.body), `id="resume">`)
	input, _, _ := strings.Cut(rest, "</script>")
	var page struct {
		Ending struct {
			Before, After string
			Key           []byte
		}
	}
	if err := json.Unmarshal([]byte(input), &page); err != nil {
		return "", fmt.Errorf("the page that goes on: %w", err)
	}
	carrier, err := seal.KeyFrom(page.Ending.Key)
	if err != nil {
		return "", fmt.Errorf("the page that goes on: %w", err)
	}
	sealed := seal.Seal(carrier, seal.Context{Purpose: "code-key", Object: string(g.id)}, g.key.Bytes())
	return codeOf(page.Ending.Before + base64.RawURLEncoding.EncodeToString(sealed) + page.Ending.After)
}

// requestOf is the address of an authorization request.
func requestOf(v vendor) string {
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"client_id": {string(v.ID)}, "redirect_uri": {returnAddress}, "response_type": {"code"}, "scope": {askedScope},
		"state": {"af0ifjsldkj"}, "nonce": {"n-0S6_WzA2Mj"}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])},
	}
	return "/oauth/authorize?" + q.Encode()
}

// resume answers a request under a grant in force and gives the code.
func (s *shopper) resume(c customer, g grant, flow string) (code string, err error) {
	var out agent.RedirectAnswer
	in := agent.Resumption{Flow: flow, Grant: string(g.id), GrantKey: g.key.Bytes()}
	if err := s.call("/flow/resume", c.cookie, in, &out); err != nil {
		return "", err
	}
	return codeOf(out.Redirect)
}

func codeOf(redirect string) (string, error) {
	u, err := url.Parse(redirect)
	if err != nil {
		return "", err
	}
	if code := u.Query().Get("code"); code != "" {
		return code, nil
	}
	return "", fmt.Errorf("no code in %s", redirect)
}

// redeem is the vendor's part: code for tokens.
func (s *shopper) redeem(v vendor, code string) (t tokens, err error) {
	err = s.form("/oauth/token", v, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {returnAddress}, "code_verifier": {verifier},
	}, &t)
	return t, err
}

// code is a login up to the code, without the page between.
func (s *shopper) code(c customer, at int) (string, error) {
	flow, err := s.authorize(s.vendors[at], c.cookie)
	if err != nil {
		return "", err
	}
	return s.resume(c, c.grants[at], flow)
}

// returns is all that a return visit asks of the server: the request, answered by the page that goes
// on to the vendor with the code, the tokens, and the claims.
func (s *shopper) returns(c customer, at int) (tokens, error) {
	code, err := s.navigates(s.vendors[at], c.cookie, c.grants[at])
	if err != nil {
		return tokens{}, err
	}
	t, err := s.redeem(s.vendors[at], code)
	if err != nil {
		return tokens{}, err
	}
	return t, s.userInfo(t.Access)
}

func (s *shopper) userInfo(access string) error {
	_, err := s.get(http.StatusOK, "/oauth/userinfo", "Authorization: Bearer "+access+"\r\n")
	return err
}

// signIn is the login check: how to stretch, then the proof.
func (s *shopper) signIn(c customer) error {
	var parameters agent.LoginParameters
	if err := s.call("/login/parameters", "", agent.LoginName{Login: c.login}, &parameters); err != nil {
		return err
	}
	var opened agent.LoginAnswer
	return s.call("/session", "", agent.Login{Login: c.login, Kind: agent.SlotKindPassphrase, Auth: c.auth}, &opened)
}

// ask begins a login at the last vendor and seals a yes to it.
func (s *shopper) ask(c customer) (approval, error) {
	flow, err := s.authorize(s.vendors[len(s.vendors)-1], c.cookie)
	if err != nil {
		return approval{}, err
	}
	if s.digest == "" {
		var next agent.Next
		if err := s.call("/flow", c.cookie, agent.Flow{Flow: flow}, &next); err != nil {
			return approval{}, err
		}
		s.digest, s.choices = next.Digest, choose(next.Ask)
	}
	g, capsule, wrapped, err := newGrant(c, s.vendors[len(s.vendors)-1].ID, vault.NewKey())
	return approval{c.cookie, agent.Approval{
		Flow: flow, Digest: s.digest, Grant: string(g.id), Persona: string(c.persona), Choices: s.choices,
		Capsule: capsule, WrappedKey: wrapped, GrantKey: g.key.Bytes(), Locale: "en",
	}}, err
}

// choose approves what this program always approves, for all that it is asked for.
func choose(ask *agent.Ask) (choices []agent.Choice) {
	for _, c := range ask.Claims {
		if !slices.Contains(approved, c.Name) {
			continue
		}
		choice := agent.Choice{Claim: c.Name}
		for _, p := range c.Purposes {
			choice.Purposes = append(choice.Purposes, p.ID)
		}
		choices = append(choices, choice)
	}
	return choices
}

// pop takes the last of a list; an empty one is a mistake in the program.
func pop[T any](list *[]T) T {
	last := len(*list) - 1
	t := (*list)[last]
	*list = (*list)[:last]
	return t
}
