package consent

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
)

var errSoon = errors.New("being written")

type ReadLog int

const (
	Gathered ReadLog = iota
	Strict
)

type Options struct {
	Store   store.Store
	Now     func() time.Time
	ReadLog ReadLog
	Log     *slog.Logger
}

type Engine struct{ o Options }

func New(o Options) *Engine                      { return &Engine{o} }
func (e *Engine) Close(ctx context.Context) error { return nil }

type Approval struct {
	Account id.Account
	Persona id.Persona
	Grant   id.Grant
	Ask     Ask
	Digest  string
	Claims  []string
	Capsule []byte
	Wrapped []byte
	Locale  string
}

func (e *Engine) Approve(ctx context.Context, a Approval) (Grant, error) { return Grant{}, errSoon }
func (e *Engine) Refuse(ctx context.Context, account id.Account, ask Ask, digest, locale string) error {
	return errSoon
}
func (e *Engine) Withdraw(ctx context.Context, account id.Account, grant id.Grant) (Grant, error) {
	return Grant{}, errSoon
}
func (e *Engine) Revoke(ctx context.Context, client id.Client) error    { return errSoon }
func (e *Engine) Forget(ctx context.Context, account id.Account) error { return errSoon }
func (e *Engine) Grants(ctx context.Context, account id.Account) ([]Grant, error) {
	return nil, errSoon
}
func (e *Engine) Grant(ctx context.Context, account id.Account, grant id.Grant) (Grant, error) {
	return Grant{}, errSoon
}
func (e *Engine) InForce(ctx context.Context, account id.Account, client id.Client) (Grant, error) {
	return Grant{}, errSoon
}
func (e *Engine) Live(ctx context.Context, grant id.Grant, client id.Client) error { return errSoon }

type Kind string

const (
	KindUserInfo Kind = "userinfo"
	KindIDToken  Kind = "id_token"
)

type Read struct {
	Time   time.Time
	Kind   Kind
	Claims []string
	Count  uint64
}

type Reading struct {
	Grant  id.Grant
	Client id.Client
	Claims []string
	Kind   Kind
}

func (e *Engine) Reads(ctx context.Context, account id.Account, grant id.Grant, before string, limit int) ([]Read, string, error) {
	return nil, "", errSoon
}
func (e *Engine) Permit(ctx context.Context, r Reading) (Permit, error) { return Permit{}, errSoon }

type Permit struct{ p *struct{} }

func (p Permit) Covers(name string) bool { return false }
func (p Permit) Claims() []string        { return nil }

type Receipt struct {
	ID       id.Receipt
	Event    string // given, refused, withdrawn, replaced, revoked
	Time     time.Time
	Grant    id.Grant // empty for a refusal
	Party    Party
	Claims   []Claim
	Declined []string
	Digest   string
	Locale   string
}

func (e *Engine) Receipts(ctx context.Context, account id.Account, before string, limit int) ([]Receipt, string, error) {
	return nil, "", errSoon
}

type Sealed struct {
	Revision uint64
	Document []byte
	Saved    time.Time
}

type Resealed struct {
	Grant    id.Grant
	Revision uint64
	Capsule  []byte
}

type Save struct {
	Revision uint64
	Document []byte
	Capsules []Resealed
}

func (e *Engine) Vault(ctx context.Context, account id.Account) (Sealed, error) {
	return Sealed{}, errSoon
}
func (e *Engine) Revision(ctx context.Context, account id.Account, revision uint64) (Sealed, error) {
	return Sealed{}, errSoon
}
func (e *Engine) Revisions(ctx context.Context, account id.Account) ([]Sealed, error) {
	return nil, errSoon
}
func (e *Engine) SaveVault(ctx context.Context, account id.Account, s Save) error { return errSoon }
