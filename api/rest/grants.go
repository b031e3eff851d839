package rest

import (
	"context"
	"net/http"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
)

// ListGrants lists the account's grants, those that ended too.
func (s *REST) ListGrants(w http.ResponseWriter, r *http.Request) {
	askedBy(s, w, r, identity.ScopeGrants, func(ctx context.Context, who caller) (GrantList, error) {
		all, err := s.o.Consent.Grants(ctx, who.account)
		out := GrantList{Grants: make([]Grant, 0, len(all))}
		for _, g := range all {
			out.Grants = append(out.Grants, who.shown(s.grantOut(g)))
		}
		return out, err
	})
}

// GetGrant gives one grant; another account's is not found.
func (s *REST) GetGrant(w http.ResponseWriter, r *http.Request, grant GrantID) {
	s.grantBy(w, r, identity.ScopeGrants, grant, s.o.Consent.Grant)
}

// WithdrawGrant ends a grant at once and for good.
func (s *REST) WithdrawGrant(w http.ResponseWriter, r *http.Request, grant GrantID) {
	s.grantBy(w, r, identity.ScopeWithdraw, grant, s.o.Consent.Withdraw)
}

// grantBy is what a program may do with a grant too.
func (s *REST) grantBy(w http.ResponseWriter, r *http.Request, scope string, grant GrantID, do func(context.Context, id.Account, id.Grant) (consent.Grant, error)) {
	askedBy(s, w, r, scope, func(ctx context.Context, who caller) (Grant, error) {
		g, err := parsed[id.Grant](grant)
		if err != nil {
			return Grant{}, err
		}
		out, err := do(ctx, who.account, g)
		return who.shown(s.grantOut(out)), err
	})
}

func (s *REST) grant(w http.ResponseWriter, r *http.Request, grant GrantID, do func(context.Context, id.Account, id.Grant) (consent.Grant, error)) {
	asked(s, w, r, func(ctx context.Context, who identity.Session) (Grant, error) {
		g, err := parsed[id.Grant](grant)
		if err != nil {
			return Grant{}, err
		}
		out, err := do(ctx, who.Account, g)
		return s.grantOut(out), err
	})
}

// NarrowGrant takes claims or purposes back, for good and at once.
func (s *REST) NarrowGrant(w http.ResponseWriter, r *http.Request, grant GrantID) {
	changed(s, w, r, grant, func(ctx context.Context, a id.Account, g id.Grant, in Narrowing) (consent.Grant, error) {
		n := consent.Narrowing{Claims: in.Claims, Purposes: in.Purposes}
		if c := in.Capsule; c != nil {
			n.Capsule = &consent.Resealed{Grant: g, Revision: c.Revision, Capsule: c.Capsule}
		}
		return s.o.Consent.Narrow(ctx, a, g, n)
	})
}

// PauseGrant lets nothing out for the time being.
func (s *REST) PauseGrant(w http.ResponseWriter, r *http.Request, grant GrantID) {
	s.grant(w, r, grant, s.o.Consent.Pause)
}

// ResumeGrant ends a pause.
func (s *REST) ResumeGrant(w http.ResponseWriter, r *http.Request, grant GrantID) {
	s.grant(w, r, grant, s.o.Consent.Resume)
}

// RenewGrant gives a grant another end.
func (s *REST) RenewGrant(w http.ResponseWriter, r *http.Request, grant GrantID) {
	changed(s, w, r, grant, func(ctx context.Context, a id.Account, g id.Grant, in Renewing) (consent.Grant, error) {
		return s.o.Consent.Renew(ctx, a, g, in.Ends)
	})
}

// AskEachTime makes each login at the vendor a question, or no longer.
func (s *REST) AskEachTime(w http.ResponseWriter, r *http.Request, grant GrantID) {
	changed(s, w, r, grant, func(ctx context.Context, a id.Account, g id.Grant, in EachTime) (consent.Grant, error) {
		return s.o.Consent.AskEachTime(ctx, a, g, in.EachTime)
	})
}

// changed is a change of one grant that takes a body.
func changed[In any](s *REST, w http.ResponseWriter, r *http.Request, grant GrantID, do func(context.Context, id.Account, id.Grant, In) (consent.Grant, error)) {
	called(s, w, r, func(ctx context.Context, who identity.Session, in In) (Grant, error) {
		g, err := parsed[id.Grant](grant)
		if err != nil {
			return Grant{}, err
		}
		out, err := do(ctx, who.Account, g, in)
		return s.grantOut(out), err
	})
}

// ListTold lists what the vendor was told of a grant, newest first.
func (s *REST) ListTold(w http.ResponseWriter, r *http.Request, grant GrantID, params ListToldParams) {
	asked(s, w, r, func(ctx context.Context, who identity.Session) (ToldList, error) {
		g, err := parsed[id.Grant](grant)
		if err != nil {
			return ToldList{}, err
		}
		all, next, err := s.o.Consent.Told(ctx, who.Account, g, params.Before, params.Limit)
		out := ToldList{Next: next, Told: make([]Told, 0, len(all))}
		for _, one := range all {
			out.Told = append(out.Told, Told{
				Event: string(one.Event), Kind: ToldKind(one.Kind), Time: one.Time, Claims: one.Claims,
				Acknowledged: one.Acknowledged, Refused: one.Refused,
			})
		}
		return out, err
	})
}

// ListReleases lists when a grant was read, newest first: claim names, never values.
func (s *REST) ListReleases(w http.ResponseWriter, r *http.Request, grant GrantID, params ListReleasesParams) {
	askedBy(s, w, r, identity.ScopeReleases, func(ctx context.Context, who caller) (ReleaseList, error) {
		g, err := parsed[id.Grant](grant)
		if err != nil {
			return ReleaseList{}, err
		}
		reads, next, err := s.o.Consent.Reads(ctx, who.account, g, params.Before, params.Limit)
		out := ReleaseList{Next: next, Releases: make([]Release, 0, len(reads))}
		for _, read := range reads {
			out.Releases = append(out.Releases, Release{Time: read.Time, Kind: ReleaseKind(read.Kind), Claims: read.Claims, Count: read.Count})
		}
		return out, err
	})
}
