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
	asked(s, w, r, func(ctx context.Context, who identity.Session) (GrantList, error) {
		all, err := s.o.Consent.Grants(ctx, who.Account)
		out := GrantList{Grants: make([]Grant, 0, len(all))}
		for _, g := range all {
			out.Grants = append(out.Grants, grantOut(g))
		}
		return out, err
	})
}

// GetGrant gives one grant; another account's is not found.
func (s *REST) GetGrant(w http.ResponseWriter, r *http.Request, grant GrantID) {
	s.grant(w, r, grant, s.o.Consent.Grant)
}

// WithdrawGrant ends a grant at once and for good.
func (s *REST) WithdrawGrant(w http.ResponseWriter, r *http.Request, grant GrantID) {
	s.grant(w, r, grant, s.o.Consent.Withdraw)
}

func (s *REST) grant(w http.ResponseWriter, r *http.Request, grant GrantID, do func(context.Context, id.Account, id.Grant) (consent.Grant, error)) {
	asked(s, w, r, func(ctx context.Context, who identity.Session) (Grant, error) {
		g, err := parsed[id.Grant](grant)
		if err != nil {
			return Grant{}, err
		}
		out, err := do(ctx, who.Account, g)
		return grantOut(out), err
	})
}

// ListReleases lists when a grant was read, newest first: claim names, never values.
func (s *REST) ListReleases(w http.ResponseWriter, r *http.Request, grant GrantID, params ListReleasesParams) {
	asked(s, w, r, func(ctx context.Context, who identity.Session) (ReleaseList, error) {
		g, err := parsed[id.Grant](grant)
		if err != nil {
			return ReleaseList{}, err
		}
		reads, next, err := s.o.Consent.Reads(ctx, who.Account, g, params.Before, params.Limit)
		out := ReleaseList{Next: next, Releases: make([]Release, 0, len(reads))}
		for _, read := range reads {
			out.Releases = append(out.Releases, Release{Time: read.Time, Kind: ReleaseKind(read.Kind), Claims: read.Claims, Count: read.Count})
		}
		return out, err
	})
}
