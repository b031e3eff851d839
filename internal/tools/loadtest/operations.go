package main

import (
	"net/url"
)

// operation is one thing to measure. prepare does beforehand what n times do will need.
type operation struct {
	name    string
	target  float64 // times the bare handler; 0: there is none
	count   int     // in a round, of all connections together
	reads   bool    // the record of what was read is written within a second: wait for it
	prepare func(s *shopper, n int) error
	do      func(s *shopper) error
}

const bareName = "bare handler"

// bare is sent to the bare handler, with the token that UserInfo gets.
var bare = operation{name: bareName, count: 16000, do: (*shopper).nextUserInfo}

// operations in the order of the table. The targets are those of docs/performance.md.
var operations = []operation{
	{name: "UserInfo", target: 2.5, count: 16000, reads: true, do: (*shopper).nextUserInfo},
	{name: "introspection", target: 3, count: 12000, do: (*shopper).introspect},
	{name: "client_credentials", target: 6, count: 12000, do: (*shopper).clientCredentials},
	{name: "refresh, ES256", target: 10, count: 4000, prepare: familyAt(vendorES256), do: rotateAt(vendorES256)},
	{name: "refresh, RS256", count: 1000, prepare: familyAt(vendorRS256), do: rotateAt(vendorRS256)},
	{name: "code exchange, ES256", target: 10, count: 4000, prepare: codesAt(vendorES256), do: redeemAt(vendorES256)},
	{name: "code exchange, RS256", count: 1000, prepare: codesAt(vendorRS256), do: redeemAt(vendorRS256)},
	{name: "return visit, ES256", target: 25, count: 2000, reads: true, do: (*shopper).returnVisit},
	{name: "login check", target: 15, count: 4000, do: (*shopper).login},
	{name: "consent approval", count: 2000, prepare: (*shopper).prepareApprovals, do: (*shopper).approve},
}

func (s *shopper) nextUserInfo() error {
	s.turn++
	return s.userInfo(s.tokens[s.turn%len(s.tokens)])
}

func (s *shopper) introspect() error {
	var out struct {
		Active bool `json:"active"`
	}
	s.turn++
	return s.form("/oauth/introspect", s.vendors[vendorES256], url.Values{"token": {s.tokens[s.turn%len(s.tokens)]}}, &out)
}

func (s *shopper) clientCredentials() error {
	var t tokens
	return s.form("/oauth/token", s.vendors[vendorES256], url.Values{"grant_type": {"client_credentials"}}, &t)
}

// familyAt begins a family of refresh tokens.
func familyAt(at int) func(*shopper, int) error {
	return func(s *shopper, _ int) error {
		if s.refresh[at] != "" {
			return nil
		}
		code, err := s.code(s.mine[0], at)
		if err != nil {
			return err
		}
		t, err := s.redeem(s.vendors[at], code)
		s.refresh[at] = t.Refresh
		return err
	}
}

func rotateAt(at int) func(*shopper) error {
	return func(s *shopper) error {
		var t tokens
		err := s.form("/oauth/token", s.vendors[at], url.Values{"grant_type": {"refresh_token"}, "refresh_token": {s.refresh[at]}}, &t)
		s.refresh[at] = t.Refresh
		return err
	}
}

func codesAt(at int) func(*shopper, int) error {
	return func(s *shopper, n int) error {
		s.codes = s.codes[:0]
		for range n {
			code, err := s.code(s.anybody(), at)
			if err != nil {
				return err
			}
			s.codes = append(s.codes, code)
		}
		return nil
	}
}

func redeemAt(at int) func(*shopper) error {
	return func(s *shopper) error {
		_, err := s.redeem(s.vendors[at], pop(&s.codes))
		return err
	}
}

func (s *shopper) returnVisit() error {
	_, err := s.returns(s.anybody(), vendorES256)
	return err
}

func (s *shopper) login() error { return s.signIn(s.anybody()) }

func (s *shopper) prepareApprovals(n int) error {
	s.approvals = s.approvals[:0]
	for range n {
		a, err := s.ask(s.anybody())
		if err != nil {
			return err
		}
		s.approvals = append(s.approvals, a)
	}
	return nil
}

func (s *shopper) approve() error {
	a := pop(&s.approvals)
	var out struct {
		Redirect string `json:"redirect"`
	}
	return s.call("/flow/approve", a.cookie, a.Approval, &out)
}

// collect gets n access tokens, of another grant each as far as there are so many.
func (s *shopper) collect(n int) error {
	given := len(s.mine[0].grants)
	for i := range n {
		at := i % given
		if at == vendorRS256 {
			at = vendorES256 // its tokens are no other, and cost more
		}
		code, err := s.code(s.anybody(), at)
		if err != nil {
			return err
		}
		t, err := s.redeem(s.vendors[at], code)
		if err != nil {
			return err
		}
		s.tokens = append(s.tokens, t.Access)
	}
	return nil
}
