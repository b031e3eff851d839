package identity

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/shown"
)

// What a program of the customer's may be let do. Nothing here approves anything, and nothing opens a
// vault.
const (
	ScopeGrants   = "read:grants"
	ScopeReceipts = "read:receipts"
	ScopeReleases = "read:releases"
	ScopeWithdraw = "withdraw"
)

// programScopes are all of them, in the order in which they are kept.
var programScopes = []string{ScopeGrants, ScopeReceipts, ScopeReleases, ScopeWithdraw}

// ProgramScopes are all that a program may be let do.
func ProgramScopes() []string { return slices.Clone(programScopes) }

// Bounds of what a customer may make.
const (
	maxPrograms    = 50
	maxProgramName = 60 // characters
	maxProgramLife = 366 * 24 * time.Hour
	usedEvery      = time.Hour // is how often it is noted that a token is used: a read stays a read
)

// programPrefix begins every token, so that one that leaked is known for what it is.
const programPrefix = "meins_"

var (
	// ErrProgramToken says that a token is none that a customer made, or is over.
	ErrProgramToken = fault.New(fault.Unauthenticated, "token-invalid", "this access token is not valid")
	// ErrProgramScope says that the customer did not let the program do this.
	ErrProgramScope = fault.New(fault.Denied, "token-scope", "this access token is not for that")
	// ErrProgram refuses to make a token.
	ErrProgram = fault.New(fault.Invalid, "token-refused", "a token has a name, at least one known scope, and an end within a year")
	// ErrPrograms says that the account has as many as there may be.
	ErrPrograms = fault.New(fault.Conflict, "tokens-too-many", "there are as many tokens as there may be; end one first")
	// ErrNoProgram says that the account has no such token.
	ErrNoProgram = fault.New(fault.NotFound, "token-unknown", "there is no such token")
)

// Program is a program of the customer's own that calls the API with an access token.
type Program struct {
	ID      id.Program
	Account id.Account
	Name    string   // as the customer calls it
	Scopes  []string // what it may do
	Created time.Time
	Expires time.Time
	Used    time.Time // the last time, to the hour; zero for never
}

// May says whether the program may do this.
func (p Program) May(scope string) error {
	if p.Account == "" || !slices.Contains(p.Scopes, scope) {
		return ErrProgramScope
	}
	return nil
}

// ProgramToken is the token of a program. It prints [redacted].
type ProgramToken struct{ text string }

// Reveal gives the token itself, to be shown once.
func (t ProgramToken) Reveal() string { return t.text }

// String hides the token.
func (ProgramToken) String() string { return redacted }

// GoString hides the token.
func (ProgramToken) GoString() string { return redacted }

// Format hides the token under every verb.
func (ProgramToken) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) } // fmt.State keeps no error

// LogValue hides the token.
func (ProgramToken) LogValue() slog.Value { return slog.StringValue(redacted) }

// AddProgram makes a token for a program, once the present passphrase is proved: a token outlives the
// session, and a stolen cookie must not become one. Of the token only a keyed hash is kept: nobody can ask
// for it again.
func (a *Accounts) AddProgram(ctx context.Context, s Session, currentAuth []byte, name string, scopes []string, expires time.Time) (Program, ProgramToken, error) {
	p, err := a.newProgram(s.Account, name, scopes, expires)
	if err != nil {
		return Program{}, ProgramToken{}, err
	}
	if s.MustRenew {
		return Program{}, ProgramToken{}, ErrMustRenew
	}
	secret := rand.Text()
	err = a.proven(s, func() error {
		return a.saveProgram(ctx, s.ID, p.record(a.programHash(p.ID, secret)), func(acc accountRecord, ses sessionRecord) error {
			if ses.MustRenew {
				return ErrMustRenew
			}
			return a.mustKnow(acc, currentAuth)
		})
	})
	if err != nil {
		return Program{}, ProgramToken{}, fmt.Errorf("save token: %w", err)
	}
	return p, ProgramToken{programPrefix + string(p.ID) + "." + secret}, nil
}

// newProgram draws a program, if there may be such a one; nothing is stored yet.
func (a *Accounts) newProgram(account id.Account, name string, scopes []string, expires time.Time) (Program, error) {
	now := a.now()
	kept := slices.DeleteFunc(slices.Clone(programScopes), func(s string) bool { return !slices.Contains(scopes, s) })
	p := Program{
		ID: id.New[id.Program](), Account: account, Name: strings.TrimSpace(name), Scopes: kept,
		Created: now.UTC().Truncate(time.Second), Expires: expires.UTC().Truncate(time.Second),
	}
	for _, s := range scopes {
		if !slices.Contains(programScopes, s) {
			return Program{}, ErrProgram
		}
	}
	if len(kept) == 0 || !shown.Line(p.Name, 1, maxProgramName) || !p.Expires.After(now) || p.Expires.After(now.Add(maxProgramLife)) {
		return Program{}, ErrProgram
	}
	return p, nil
}

func (a *Accounts) programHash(name id.Program, secret string) []byte {
	return a.keys.Hash("program", []byte(name), []byte(secret))
}

// IsProgramToken says whether a text has the look of a program's token.
func IsProgramToken(text string) bool { return strings.HasPrefix(text, programPrefix) }

// ProgramOf finds the program that a token belongs to.
func (a *Accounts) ProgramOf(ctx context.Context, token string) (Program, error) {
	text, ours := strings.CutPrefix(token, programPrefix)
	first, secret, _ := strings.Cut(text, ".")
	name, err := id.Parse[id.Program](first)
	if err != nil || !ours || len(secret) > 100 {
		return Program{}, ErrProgramToken
	}
	rec, err := a.readProgram(ctx, name)
	if err != nil {
		return Program{}, err
	}
	if !hmac.Equal(rec.Hash, a.programHash(name, secret)) || a.now().Unix() >= rec.Expires {
		return Program{}, ErrProgramToken
	}
	if now := a.now(); now.Sub(fromUnix(rec.Used)) >= usedEvery {
		if err := a.useProgram(ctx, name, now); err != nil {
			return Program{}, err
		}
	}
	return rec.program(), nil
}

// Programs lists the account's programs, the newest first.
func (a *Accounts) Programs(ctx context.Context, account id.Account) ([]Program, error) {
	recs, err := a.readPrograms(ctx, account)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	list := make([]Program, 0, len(recs))
	for _, r := range recs {
		list = append(list, r.program())
	}
	slices.SortStableFunc(list, func(x, y Program) int { return y.Created.Compare(x.Created) })
	return list, nil
}

// EndProgram ends a token at once and for good.
func (a *Accounts) EndProgram(ctx context.Context, account id.Account, name id.Program) error {
	return a.dropProgram(ctx, account, name)
}
