package demoshop

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Config is what a vendor gets to know when it is registered.
type Config struct {
	Issuer       string `json:"issuer"`        // the provider's address
	ClientID     string `json:"client_id"`     // from registration
	ClientSecret string `json:"client_secret"` // from registration
	URL          string `json:"url"`           // the shop's own address, without a trailing slash
}

// claimsParameter asks for single claims (OpenID Connect Core 5.5): the name to greet the customer
// by, everything else only if they like. The reasons are in the vendor's registration.
const claimsParameter = `{"userinfo":{"name":{"essential":true},"email":null,"address":null,"birthdate":null}}`

const (
	sessionCookie = "shop_session"
	sessionLife   = 24 * time.Hour
	maxSessions   = 1000 // more than a demo needs; the oldest go first
)

// Shop is the flower shop's web site.
type Shop struct {
	config   Config
	oauth    oauth2.Config
	provider *oidc.Provider
	log      *slog.Logger
	now      func() time.Time

	mu       sync.Mutex
	sessions map[string]*visit
}

// visit is one browser at the shop: on its way to the provider, or signed in.
type visit struct {
	started  time.Time
	state    string
	nonce    string
	verifier string
	source   oauth2.TokenSource
	idToken  string
}

// New reads the provider's metadata, so the provider must be up.
func New(ctx context.Context, c Config, log *slog.Logger, now func() time.Time) (*Shop, error) {
	provider, err := oidc.NewProvider(ctx, c.Issuer)
	if err != nil {
		return nil, fmt.Errorf("discover %s: %w", c.Issuer, err)
	}
	return &Shop{
		config:   c,
		provider: provider,
		log:      log,
		now:      now,
		sessions: map[string]*visit{},
		oauth: oauth2.Config{
			ClientID:     c.ClientID,
			ClientSecret: c.ClientSecret,
			Endpoint:     provider.Endpoint(),
			RedirectURL:  c.URL + "/callback",
			Scopes:       []string{oidc.ScopeOpenID, oidc.ScopeOfflineAccess},
		},
	}, nil
}

// Handler serves the shop.
func (s *Shop) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.home)
	mux.HandleFunc("GET /shop.css", serveStyle)
	mux.HandleFunc("GET /login", s.login)
	mux.HandleFunc("GET /callback", s.callback)
	mux.HandleFunc("POST /logout", s.logout)
	return mux
}

// login sends the customer to the provider.
func (s *Shop) login(w http.ResponseWriter, r *http.Request) {
	key, v := rand.Text(), &visit{started: s.now(), state: rand.Text(), nonce: rand.Text(), verifier: oauth2.GenerateVerifier()}
	s.keep(key, v)
	s.setCookie(w, key, int(sessionLife.Seconds()))
	http.Redirect(w, r, s.oauth.AuthCodeURL(v.state,
		oidc.Nonce(v.nonce),
		oauth2.S256ChallengeOption(v.verifier),
		oauth2.SetAuthURLParam("claims", claimsParameter),
		oauth2.SetAuthURLParam("ui_locales", language(r)),
	), http.StatusSeeOther)
}

// callback receives the customer back, with a code or with a "no".
func (s *Shop) callback(w http.ResponseWriter, r *http.Request) {
	key, v := s.visit(r)
	if v == nil || v.state == "" || r.FormValue("state") != v.state {
		s.page(w, r, http.StatusBadRequest, view{Notice: "stale"})
		return
	}
	v.state = "" // one answer per question
	if r.FormValue("error") != "" {
		s.forget(key)
		s.page(w, r, http.StatusOK, view{Notice: "declined"})
		return
	}
	signedIn, err := s.redeem(r.Context(), v, r.FormValue("code"))
	if err != nil {
		s.forget(key)
		s.log.Warn("sign-in", "err", err)
		s.page(w, r, http.StatusBadGateway, view{Notice: "failed"})
		return
	}
	s.forget(key)
	fresh := rand.Text()
	s.keep(fresh, signedIn)
	s.setCookie(w, fresh, int(sessionLife.Seconds()))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// redeem swaps the code for tokens and checks the ID token.
func (s *Shop) redeem(ctx context.Context, v *visit, code string) (*visit, error) {
	token, err := s.oauth.Exchange(ctx, code, oauth2.VerifierOption(v.verifier))
	if err != nil {
		return nil, fmt.Errorf("exchange code: %w", err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return nil, errors.New("no id_token in the answer")
	}
	idToken, err := s.provider.Verifier(&oidc.Config{ClientID: s.config.ClientID, Now: s.now}).Verify(ctx, raw)
	if err != nil {
		return nil, fmt.Errorf("verify id_token: %w", err)
	}
	if idToken.Nonce != v.nonce {
		return nil, errors.New("id_token is for another sign-in")
	}
	// The token source outlives this request, so it must not hang on the request's context.
	return &visit{started: s.now(), idToken: raw, source: s.oauth.TokenSource(context.WithoutCancel(ctx), token)}, nil
}

// logout ends the visit here and at the provider.
func (s *Shop) logout(w http.ResponseWriter, r *http.Request) {
	key, v := s.visit(r)
	s.forget(key)
	s.setCookie(w, "", -1)
	var meta struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if v == nil || v.idToken == "" || s.provider.Claims(&meta) != nil || meta.EndSession == "" {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	q := url.Values{"id_token_hint": {v.idToken}, "post_logout_redirect_uri": {s.config.URL + "/"}}
	http.Redirect(w, r, meta.EndSession+"?"+q.Encode(), http.StatusSeeOther)
}

// home shows the shop: to a stranger, or to a customer with what the provider says at this moment.
func (s *Shop) home(w http.ResponseWriter, r *http.Request) {
	key, v := s.visit(r)
	if v == nil || v.source == nil {
		s.page(w, r, http.StatusOK, view{})
		return
	}
	info, err := s.provider.UserInfo(r.Context(), v.source)
	if err != nil {
		// Withdrawn, expired or the provider is down: without data there is no customer to greet.
		s.log.Info("userinfo refused", "err", err)
		s.forget(key)
		s.setCookie(w, "", -1)
		s.page(w, r, http.StatusOK, view{Notice: "refused"})
		return
	}
	claims := map[string]json.RawMessage{}
	if err := info.Claims(&claims); err != nil {
		s.log.Warn("userinfo", "err", err)
	}
	s.page(w, r, http.StatusOK, view{SignedIn: true, Customer: customerFrom(claims)})
}

func (s *Shop) keep(key string, v *visit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, old := range s.sessions {
		if s.now().Sub(old.started) > sessionLife || len(s.sessions) >= maxSessions {
			delete(s.sessions, k)
		}
	}
	s.sessions[key] = v
}

func (s *Shop) visit(r *http.Request) (string, *visit) {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return "", nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.sessions[c.Value]
	if v == nil || s.now().Sub(v.started) > sessionLife {
		return "", nil
	}
	return c.Value, v
}

func (s *Shop) forget(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, key)
}

func (s *Shop) setCookie(w http.ResponseWriter, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true,
		Secure: strings.HasPrefix(s.config.URL, "https:"), SameSite: http.SameSiteLaxMode,
	})
}
