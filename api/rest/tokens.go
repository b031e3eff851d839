package rest

import (
	"context"
	"net/http"
	"strings"

	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
)

// bearer is the token that a program of the customer's sends; empty when it sends none that looks so.
func bearer(r *http.Request) string {
	header := r.Header["Authorization"]
	if len(header) != 1 {
		return ""
	}
	scheme, token, _ := strings.Cut(header[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || !identity.IsProgramToken(token) {
		return ""
	}
	return token
}

// caller is whose account a call is about: a signed-in customer's, or that of a program which the customer
// lets do this. Only the calls that name a scope take a token.
type caller struct {
	account id.Account
	program bool
}

func (s *REST) caller(w http.ResponseWriter, r *http.Request, scope string) (caller, error) {
	token := bearer(r)
	if token == "" {
		who, err := s.session(r)
		return caller{account: who.Account}, err
	}
	p, err := s.o.Accounts.ProgramOf(r.Context(), token)
	if err == nil {
		err = s.programs.admit(w.Header(), string(p.ID))
	}
	if err == nil {
		err = p.May(scope)
	}
	if err != nil {
		return caller{}, err
	}
	return caller{p.Account, true}, nil
}

// askedBy is a question that a program may ask too.
func askedBy[Out any](s *REST, w http.ResponseWriter, r *http.Request, scope string, do func(context.Context, caller) (Out, error)) {
	who, err := s.caller(w, r, scope)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	out, err := do(r.Context(), who)
	s.answer(w, r, http.StatusOK, out, err)
}

// shown is a grant as a caller sees it: a program has nothing to open, and gets no sealed key.
func (c caller) shown(g Grant) Grant {
	if c.program {
		g.WrappedKey = nil
	}
	return g
}

// ListTokens lists the customer's programs.
func (s *REST) ListTokens(w http.ResponseWriter, r *http.Request) {
	asked(s, w, r, func(ctx context.Context, who identity.Session) (TokenList, error) {
		all, err := s.o.Accounts.Programs(ctx, who.Account)
		out := TokenList{Tokens: make([]Token, 0, len(all))}
		for _, p := range all {
			out.Tokens = append(out.Tokens, tokenOut(p))
		}
		return out, err
	})
}

// CreateToken makes a token, once the passphrase is proved, and shows it this once.
func (s *REST) CreateToken(w http.ResponseWriter, r *http.Request, _ CreateTokenParams) {
	who, err := s.session(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	in, err := read[NewToken](r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	scopes := make([]string, 0, len(in.Scopes))
	for _, scope := range in.Scopes {
		scopes = append(scopes, string(scope))
	}
	asked := in
	asked.CurrentAuth = nil // what is kept of a request must be no means to test a passphrase by
	c := keyed{who: byAccount(who.Account), name: "createToken", in: asked, status: http.StatusCreated, secret: true}
	once(s, w, r, c, func(ctx context.Context) (MadeToken, error) {
		p, token, err := s.o.Accounts.AddProgram(ctx, who, in.CurrentAuth, in.Name, scopes, in.Expires)
		return MadeToken{Token: tokenOut(p), Secret: token.Reveal()}, err
	})
}

// DeleteToken ends a token.
func (s *REST) DeleteToken(w http.ResponseWriter, r *http.Request, token Identifier) {
	who, err := s.session(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	name, err := parsed[id.Program](token)
	if err == nil {
		err = s.o.Accounts.EndProgram(r.Context(), who.Account, name)
	}
	s.done(w, r, err)
}

func tokenOut(p identity.Program) Token {
	out := Token{ID: string(p.ID), Name: p.Name, Scopes: make([]TokenScope, 0, len(p.Scopes)), Created: p.Created, Expires: p.Expires, Used: p.Used}
	for _, scope := range p.Scopes {
		out.Scopes = append(out.Scopes, TokenScope(scope))
	}
	return out
}
