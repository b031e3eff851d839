package identity

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

// invitationPrefix makes an initial access token recognisable.
const invitationPrefix = "mi_"

const (
	invitationKeys    = "invitation/"
	maxInvitationLife = 365 * 24 * time.Hour
)

// Faults of invitations.
var (
	// ErrInvitation refuses an initial access token that is unknown, over or used up.
	ErrInvitation = fault.New(fault.Unauthenticated, "invitation-unknown", "the initial access token is not valid")
	// ErrInvitationInvalid refuses to make one.
	ErrInvitationInvalid = fault.New(fault.Invalid, "invitation-invalid", "an invitation needs a life of at most a year, and a note of at most 80 visible characters")
)

// InvitationID names an invitation; it opens nothing.
type InvitationID string

// Invitation lets vendors register themselves: an initial access token (RFC 7591, 3). What the
// operator alone may permit, it permits.
type Invitation struct {
	ID      InvitationID `json:"id"`
	Note    string       `json:"note,omitempty"` // for whom it is
	PKCE    string       `json:"pkce,omitempty"`
	Uses    int          `json:"uses"` // how many may still register with it; 0 is any number
	Created time.Time    `json:"created"`
	Expires time.Time    `json:"expires"`
}

type invitationRecord struct {
	V       int          `json:"v"`
	ID      InvitationID `json:"id"`
	Note    string       `json:"note,omitempty"`
	PKCE    string       `json:"pkce,omitempty"`
	Uses    int          `json:"uses,omitempty"`
	Created int64        `json:"created"`
	Expires int64        `json:"expires"`
}

func (r invitationRecord) format() int { return r.V }

func (r invitationRecord) invitation() Invitation {
	return Invitation{ID: r.ID, Note: r.Note, PKCE: r.PKCE, Uses: r.Uses, Created: fromUnix(r.Created), Expires: fromUnix(r.Expires)}
}

// Invite makes an invitation that lives for a time. Its token is told this once.
func (s *Vendors) Invite(ctx context.Context, i Invitation, life time.Duration) (Invitation, string, error) {
	known := slices.Contains([]string{PKCERequired, PKCEOrNonce, PKCEOptional}, i.PKCE)
	if life <= 0 || life > maxInvitationLife || i.Uses < 0 || !known || i.Note != "" && !isLine(i.Note, maxVendorName) {
		return Invitation{}, "", ErrInvitationInvalid
	}
	now, token := s.now().UTC().Truncate(time.Second), invitationPrefix+newSecret()[len(secretPrefix):]
	i.ID, i.Created, i.Expires = id.New[InvitationID](), now, now.Add(life)
	rec := invitationRecord{V: version, ID: i.ID, Note: i.Note, PKCE: i.PKCE, Uses: i.Uses, Created: i.Created.Unix(), Expires: i.Expires.Unix()}
	err := s.store.Update(ctx, func(tx store.Tx) error {
		return tx.Put(s.invitationKey(token), encode(rec), i.Expires)
	})
	return i, token, err
}

// Invitation finds the invitation of a token; ErrInvitation when there is none.
func (s *Vendors) Invitation(ctx context.Context, token string) (i Invitation, err error) {
	err = s.store.View(ctx, func(r store.Reader) error {
		rec, err := s.getInvitation(r, token)
		i = rec.invitation()
		return err
	})
	return i, err
}

// Invitations lists what can be used, the oldest first.
func (s *Vendors) Invitations(ctx context.Context) ([]Invitation, error) {
	items, err := s.readInvitations(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Invitation, 0, len(items))
	for _, item := range items {
		rec, err := decode[invitationRecord](item.Value)
		if err != nil {
			return nil, err
		}
		list = append(list, rec.invitation())
	}
	slices.SortFunc(list, func(a, b Invitation) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

// Uninvite ends an invitation. Who came by it stays.
func (s *Vendors) Uninvite(ctx context.Context, name InvitationID) error {
	items, err := s.readInvitations(ctx)
	if err != nil {
		return err
	}
	for _, item := range items {
		rec, err := decode[invitationRecord](item.Value)
		if err != nil {
			return err
		}
		if rec.ID == name {
			return s.store.Update(ctx, func(tx store.Tx) error { return tx.Delete(item.Key) })
		}
	}
	return errNoInvitation
}

var errNoInvitation = fault.New(fault.NotFound, "invitation-unknown", "there is no such invitation")

// useInvitation counts one use, and forgets the invitation with the last.
func (s *Vendors) useInvitation(tx store.Tx, token string) (InvitationID, error) {
	rec, err := s.getInvitation(tx, token)
	if err != nil {
		return "", err
	}
	switch rec.Uses {
	case 0:
		return rec.ID, nil
	case 1:
		return rec.ID, tx.Delete(s.invitationKey(token))
	}
	rec.Uses--
	return rec.ID, tx.Put(s.invitationKey(token), encode(rec), fromUnix(rec.Expires))
}

func (s *Vendors) getInvitation(r store.Reader, token string) (invitationRecord, error) {
	raw, err := r.Get(s.invitationKey(token))
	if errors.Is(err, store.ErrNotFound) {
		return invitationRecord{}, ErrInvitation
	}
	if err != nil {
		return invitationRecord{}, fmt.Errorf("read invitation: %w", err)
	}
	return decode[invitationRecord](raw)
}

func (s *Vendors) readInvitations(ctx context.Context) (items []store.Item, err error) {
	err = s.store.View(ctx, func(r store.Reader) error {
		items = nil
		for from := ""; ; {
			some, err := r.Scan(invitationKeys, from, scanPage)
			if err != nil {
				return fmt.Errorf("list invitations: %w", err)
			}
			if items = append(items, some...); len(some) < scanPage {
				return nil
			}
			from = some[len(some)-1].Key + "\x00"
		}
	})
	return items, err
}

// invitationKey is a keyed hash: what lies in the store opens no registration.
func (s *Vendors) invitationKey(token string) string {
	return invitationKeys + base64.RawURLEncoding.EncodeToString(s.keys.Hash("invitation", []byte(token)))
}
