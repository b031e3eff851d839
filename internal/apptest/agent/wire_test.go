package agent_test

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/identity/provider"
	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/agent"
	"github.com/meins-id/meins/vault/seal"
)

// wire brings an agent's calls to the domain, as JSON both ways, like the REST API does over HTTP.
// It keeps every byte that the agent sent: a test can say what the server never saw.
type wire struct {
	world *world

	mu     sync.Mutex
	cookie string
	sent   []byte
	before func(call string) // runs before a call is served
	after  func(call string, out any)
}

func (w *wire) Do(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	w.mu.Lock()
	w.sent = append(append(w.sent, path...), body...)
	w.mu.Unlock()
	if w.before != nil {
		w.before(method + " " + path)
	}
	answer, err := w.serve(ctx, method, path, body)
	if err != nil {
		f := fault.Of(err)
		return &agent.Problem{Status: f.Kind.Status(), Code: f.Code, Title: f.Text}
	}
	if out == nil || answer == nil {
		return nil
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, out); err != nil {
		return err
	}
	if w.after != nil {
		w.after(method+" "+path, out)
	}
	return nil
}

func (w *wire) token() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cookie
}

func (w *wire) setToken(token string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cookie = token
}

var errNoRoute = fault.New(fault.NotFound, "route-unknown", "no such route")

// read decodes a body of a test; the agent made it.
func read[T any](body []byte) (v T) {
	if err := json.Unmarshal(body, &v); err != nil {
		panic(err)
	}
	return v
}

func (w *wire) serve(ctx context.Context, method, path string, body []byte) (any, error) {
	accounts := w.world.accounts
	switch method + " " + path {
	case "POST /login/parameters":
		s, err := accounts.Parameters(ctx, read[agent.LoginName](body).Login, identity.Source{})
		return agent.LoginParameters{Stretch: stretch(s)}, err
	case "POST /accounts":
		n := read[agent.NewAccount](body)
		opened, err := accounts.SignUp(ctx, identity.NewAccount{Login: n.Login, Account: id.Account(n.Account), Slots: []identity.NewSlot{newSlot(n.Slots[0]), newSlot(n.Slots[1])}}, identity.Source{})
		return w.opened(opened, err)
	case "POST /session":
		l := read[agent.Login](body)
		opened, err := accounts.Login(ctx, l.Login, vault.SlotKind(l.Kind), l.Auth, identity.Source{})
		return w.opened(opened, err)
	case "POST /flow":
		return w.flow(ctx, read[agent.Flow](body).Flow)
	}
	s, err := accounts.Session(ctx, w.token())
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(path, "/vault") || strings.HasPrefix(path, "/grants") || strings.HasPrefix(path, "/flow/") {
		if s.MustRenew {
			return nil, identity.ErrMustRenew
		}
		return w.serveVault(ctx, s, method, path, body)
	}
	return w.serveAccount(ctx, s, method+" "+path, body)
}

func (w *wire) serveAccount(ctx context.Context, s identity.Session, call string, body []byte) (any, error) {
	accounts := w.world.accounts
	switch call {
	case "GET /session":
		return agent.SessionAnswer{Session: session(s)}, nil
	case "DELETE /session":
		return nil, accounts.Logout(ctx, s.ID)
	case "DELETE /sessions":
		return nil, accounts.LogoutEverywhere(ctx, s.Account)
	case "GET /sessions":
		list, err := accounts.Sessions(ctx, s.Account)
		var answer agent.SessionList
		for _, one := range list {
			answer.Sessions = append(answer.Sessions, agent.SessionInfo{ID: string(one.ID), Current: one.ID == s.ID})
		}
		return answer, err
	case "POST /session/reauthenticate":
		r := read[agent.Reauthentication](body)
		s, err := accounts.Reauthenticate(ctx, s, vault.SlotKind(r.Kind), r.Auth)
		return agent.SessionAnswer{Session: session(s)}, err
	case "GET /slots":
		slots, err := accounts.Slots(ctx, s.Account)
		var answer agent.SlotList
		for _, one := range slots {
			answer.Slots = append(answer.Slots, slot(one))
		}
		return answer, err
	case "PUT /slots/passphrase":
		c := read[agent.SlotChange](body)
		return nil, accounts.ChangePassphrase(ctx, s, c.CurrentAuth, newSlot(agent.NewSlot{Slot: c.Slot, Auth: c.Auth}))
	case "PUT /slots/recovery":
		c := read[agent.SlotChange](body)
		return nil, accounts.ReplaceRecovery(ctx, s, c.CurrentAuth, newSlot(agent.NewSlot{Slot: c.Slot, Auth: c.Auth}))
	case "POST /slots/renew":
		r := read[agent.Renewal](body)
		s, err := accounts.Renew(ctx, s, newSlot(r.Passphrase), newSlot(r.Recovery))
		return agent.SessionAnswer{Session: session(s)}, err
	case "DELETE /account":
		return nil, accounts.Delete(ctx, s, read[agent.CurrentAuth](body).CurrentAuth)
	}
	return nil, errNoRoute
}

func (w *wire) serveVault(ctx context.Context, s identity.Session, method, path string, body []byte) (any, error) {
	engine, p := w.world.engine, w.world.provider
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	switch call := method + " " + path; {
	case call == "GET /vault":
		v, err := engine.Vault(ctx, s.Account)
		return agent.Vault{Revision: v.Revision, Document: v.Document, Saved: v.Saved}, err
	case call == "PUT /vault":
		in := read[agent.VaultSave](body)
		save := consent.Save{Revision: in.Revision, Document: in.Document}
		for _, c := range in.Capsules {
			save.Capsules = append(save.Capsules, consent.Resealed{Grant: id.Grant(c.Grant), Revision: c.Revision, Capsule: c.Capsule})
		}
		return agent.VaultSaved{Revision: in.Revision}, engine.SaveVault(ctx, s.Account, save)
	case call == "GET /vault/revisions":
		kept, err := engine.Revisions(ctx, s.Account)
		var answer agent.VaultRevisionList
		for _, one := range kept {
			answer.Revisions = append(answer.Revisions, agent.VaultRevision{Revision: one.Revision, Saved: one.Saved})
		}
		return answer, err
	case parts[0] == "vault":
		n, err := strconv.ParseUint(parts[2], 10, 64)
		must(w.world.t, err)
		v, err := engine.Revision(ctx, s.Account, n)
		return agent.Vault{Revision: v.Revision, Document: v.Document, Saved: v.Saved}, err
	case call == "POST /flow/approve":
		a := read[agent.Approval](body)
		var choices []consent.Choice
		for _, c := range a.Choices {
			choices = append(choices, consent.Choice{Claim: c.Claim, Purposes: c.Purposes})
		}
		key, err := vault.GrantKeyFrom(a.GrantKey)
		must(w.world.t, err)
		return redirected(p.Approve(ctx, s, a.Flow, provider.Approval{
			Digest: a.Digest, Grant: id.Grant(a.Grant), Persona: id.Persona(a.Persona), Choices: choices,
			Capsule: a.Capsule, Wrapped: a.WrappedKey, Key: key, Locale: a.Locale,
			Proffered: a.Proffered, Agreed: a.Agreed, Ephemeral: a.Ephemeral,
		}))
	case call == "POST /flow/resume":
		r := read[agent.Resumption](body)
		key, err := vault.GrantKeyFrom(r.GrantKey)
		must(w.world.t, err)
		return redirected(p.Resume(ctx, s, r.Flow, id.Grant(r.Grant), key))
	case call == "POST /flow/deny":
		d := read[agent.Denial](body)
		return redirected(p.Deny(ctx, s, d.Flow, consent.Refusal{Digest: d.Digest, Locale: d.Locale}))
	case call == "GET /receipts/head":
		h, err := engine.ReceiptHead(ctx, s.Account)
		return agent.ReceiptHead{Seq: h.Seq, Hash: h.Hash, Time: h.Time}, err
	case call == "GET /grants":
		grants, err := engine.Grants(ctx, s.Account)
		answer := agent.GrantList{Grants: []agent.Grant{}}
		for _, g := range grants {
			answer.Grants = append(answer.Grants, grant(g))
		}
		return answer, err
	case parts[0] == "grants" && len(parts) == 2:
		g, err := engine.Grant(ctx, s.Account, id.Grant(parts[1]))
		return grant(g), err
	case parts[0] == "grants" && strings.HasPrefix(parts[2], "narrow"):
		in := read[agent.Narrowing](body)
		n := consent.Narrowing{Claims: in.Claims, Purposes: in.Purposes}
		if c := in.Capsule; c != nil {
			n.Capsule = &consent.Resealed{Grant: id.Grant(parts[1]), Revision: c.Revision, Capsule: c.Capsule}
		}
		g, err := engine.Narrow(ctx, s.Account, id.Grant(parts[1]), n)
		return grant(g), err
	case parts[0] == "grants" && strings.HasPrefix(parts[2], "withdraw"):
		g, err := engine.Withdraw(ctx, s.Account, id.Grant(parts[1]))
		return grant(g), err
	case parts[0] == "grants" && strings.HasPrefix(parts[2], "releases"):
		reads, next, err := engine.Reads(ctx, s.Account, id.Grant(parts[1]), "", 10)
		answer := agent.ReleaseList{Releases: []agent.Release{}, Next: next}
		for _, r := range reads {
			answer.Releases = append(answer.Releases, agent.Release{Time: r.Time, Kind: agent.ReleaseKind(r.Kind), Claims: r.Claims, Count: r.Count})
		}
		return answer, err
	}
	return nil, errNoRoute
}

func (w *wire) opened(o identity.Opened, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	w.setToken(o.Token)
	return agent.LoginAnswer{Session: session(o.Session), Slot: slot(o.Slot)}, nil
}

func (w *wire) flow(ctx context.Context, flow string) (any, error) {
	var who *identity.Session
	if s, err := w.world.accounts.Session(ctx, w.token()); err == nil {
		who = &s
	}
	n, err := w.world.provider.Next(ctx, flow, who)
	if err != nil {
		return nil, err
	}
	steps := map[provider.Step]agent.FlowStep{
		provider.StepSignIn: agent.FlowStepSignIn, provider.StepReview: agent.FlowStepReview,
		provider.StepResume: agent.FlowStepResume, provider.StepRedirect: agent.FlowStepRedirect,
	}
	answer := agent.Next{Step: steps[n.Step], Redirect: n.Redirect, Digest: n.Digest, PromptNone: n.PromptNone, Reauthenticate: n.Reauthenticate}
	if n.Step == provider.StepReview {
		answer.Ask = &agent.Ask{Vendor: vendor(n.Ask.Party), Claims: claims(n.Ask.Claims), Offline: n.Ask.Offline, Continuous: n.Ask.Continuous, Ends: w.world.now().Add(n.Ask.Ends), Terms: n.Ask.Terms}
	}
	if n.Grant != nil {
		g := grant(*n.Grant)
		answer.Grant = &g
	}
	return answer, nil
}

func redirected(to string, err error) (any, error) { return agent.RedirectAnswer{Redirect: to}, err }

func stretch(s seal.Stretch) agent.Stretch {
	return agent.Stretch{M: s.Memory, T: s.Time, P: s.Threads, Salt: s.Salt}
}

func slot(s vault.Slot) agent.Slot {
	out := agent.Slot{ID: string(s.ID), Kind: agent.SlotKind(s.Kind), Sealed: s.Sealed}
	if s.Stretch != nil {
		st := stretch(*s.Stretch)
		out.Stretch = &st
	}
	return out
}

func newSlot(n agent.NewSlot) identity.NewSlot {
	s := vault.Slot{ID: id.Slot(n.Slot.ID), Kind: vault.SlotKind(n.Slot.Kind), Sealed: n.Slot.Sealed}
	if st := n.Slot.Stretch; st != nil {
		s.Stretch = &seal.Stretch{Memory: st.M, Time: st.T, Threads: st.P, Salt: st.Salt}
	}
	return identity.NewSlot{Slot: s, Auth: n.Auth}
}

func session(s identity.Session) agent.Session {
	return agent.Session{
		ID: string(s.ID), Account: string(s.Account), Share: s.Share, AuthTime: s.AuthTime.Truncate(time.Second),
		Created: s.Created, Expires: s.Expires, Methods: s.Methods, MustRenew: s.MustRenew,
	}
}

func vendor(p consent.Party) agent.Vendor {
	return agent.Vendor{Client: string(p.Client), Name: p.Name, Domain: p.Domain, Verified: p.Verified, Contact: p.Contact}
}

func claims(all []consent.Claim) []agent.Claim {
	out := []agent.Claim{}
	for _, c := range all {
		claim := agent.Claim{Name: c.Name, Required: c.Required}
		for _, p := range c.Purposes {
			claim.Purposes = append(claim.Purposes, agent.Purpose{ID: p.ID, Iri: p.IRI, Text: p.Text, Local: p.Local})
		}
		out = append(out, claim)
	}
	return out
}

func choicesOut(all []consent.Choice) (out []agent.Choice) {
	for _, c := range all {
		out = append(out, agent.Choice{Claim: c.Claim, Purposes: c.Purposes})
	}
	return out
}

func grant(g consent.Grant) agent.Grant {
	return agent.Grant{
		ID: string(g.ID), Vendor: vendor(g.Party), Persona: string(g.Persona), State: agent.GrantState(g.State.String()),
		Claims: claims(g.Claims), Declined: g.Declined, Offline: g.Offline, Continuous: g.Continuous, Mode: agent.GrantModeDirect,
		Given: g.Given, Ends: g.Ends, Since: g.Since, LastRead: g.LastRead, Reads: g.Reads, Revision: g.Revision, WrappedKey: g.Wrapped,
		Once: g.Once, Ephemeral: g.Ephemeral, Taken: choicesOut(g.Taken),
		Terms: agent.Agreement{Proffered: g.Terms.Proffered, Accepted: g.Terms.Accepted, Agreed: g.Terms.Agreed},
	}
}
