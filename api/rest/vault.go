package rest

import (
	"context"
	"net/http"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/identity"
	"github.com/meins-id/meins/internal/id"
)

// GetVault gives the sealed document; revision 0 means that there is none yet.
func (s *REST) GetVault(w http.ResponseWriter, r *http.Request) {
	asked(s, w, r, func(ctx context.Context, who identity.Session) (Vault, error) {
		v, err := s.o.Consent.Vault(ctx, who.Account)
		return vaultOut(v), err
	})
}

func vaultOut(v consent.Sealed) Vault {
	return Vault{Revision: v.Revision, Document: v.Document, Saved: v.Saved}
}

// SaveVault stores the next revision together with the capsules that it changes.
func (s *REST) SaveVault(w http.ResponseWriter, r *http.Request, _ SaveVaultParams) {
	called(s, w, r, func(ctx context.Context, who identity.Session, in VaultSave) (VaultSaved, error) {
		if err := s.sameVault(ctx, r, who.Account); err != nil {
			return VaultSaved{}, err
		}
		save := consent.Save{Revision: in.Revision, Document: in.Document}
		for _, c := range in.Capsules {
			grant, err := parsed[id.Grant](c.Grant)
			if err != nil {
				return VaultSaved{}, err
			}
			save.Capsules = append(save.Capsules, consent.Resealed{Grant: grant, Revision: c.Revision, Capsule: c.Capsule, Changed: c.Changed})
		}
		return VaultSaved{Revision: in.Revision}, s.o.Consent.SaveVault(ctx, who.Account, save)
	})
}

// sameVault holds If-Match for the vault. A revision never changes, and the one that is saved must follow
// the newest: nobody can come between this and the saving.
func (s *REST) sameVault(ctx context.Context, r *http.Request, account id.Account) error {
	if r.Header.Get("If-Match") == "" {
		return nil
	}
	v, err := s.o.Consent.Vault(ctx, account)
	if err != nil {
		return err
	}
	return unchanged(r, vaultOut(v))
}

// ListVaultRevisions lists the revisions that are kept.
func (s *REST) ListVaultRevisions(w http.ResponseWriter, r *http.Request) {
	asked(s, w, r, func(ctx context.Context, who identity.Session) (VaultRevisionList, error) {
		kept, err := s.o.Consent.Revisions(ctx, who.Account)
		out := VaultRevisionList{Revisions: make([]VaultRevision, 0, len(kept))}
		for _, one := range kept {
			out.Revisions = append(out.Revisions, VaultRevision{Revision: one.Revision, Saved: one.Saved})
		}
		return out, err
	})
}

// GetVaultRevision gives one kept revision, sealed.
func (s *REST) GetVaultRevision(w http.ResponseWriter, r *http.Request, revision Revision) {
	asked(s, w, r, func(ctx context.Context, who identity.Session) (Vault, error) {
		v, err := s.o.Consent.Revision(ctx, who.Account, revision)
		return Vault{Revision: v.Revision, Document: v.Document, Saved: v.Saved}, err
	})
}
