package identity

import (
	"context"
	"crypto/hmac"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

// How long a login name may be, in characters.
const (
	minLogin = 3
	maxLogin = 254
)

// Parameters are what the agent stretches the passphrase with. For a login that nobody has they
// look alike and are the same each time: the salt is a keyed hash of the name.
func (a *Accounts) Parameters(ctx context.Context, login string, _ Source) (seal.Stretch, error) {
	hash, err := a.loginHash(login)
	if err != nil {
		return seal.Stretch{}, err
	}
	rec, _, err := a.findLogin(ctx, hash, a.decoy)
	if err != nil {
		return seal.Stretch{}, err
	}
	made := a.stretch
	made.Salt = a.keys.Hash("salt", hash)[:seal.SaltSize]
	if own := rec.slot(vault.SlotPassphrase).Slot.Stretch; rec.Account != "" && own != nil {
		return *own, nil
	}
	return made, nil
}

// Login opens a session for who proves a secret of the account. An unknown login and a wrong secret
// give the same answer after the same work.
func (a *Accounts) Login(ctx context.Context, login string, kind vault.SlotKind, auth []byte, from Source) (Opened, error) {
	hash, err := a.loginHash(login)
	if err != nil {
		return Opened{}, err
	}
	try, err := a.door.login(hash, from.Addr)
	if err != nil {
		return Opened{}, err
	}
	opened, err := a.login(ctx, hash, kind, auth, from)
	try.settle(err, ErrWrongLogin)
	return opened, err
}

func (a *Accounts) login(ctx context.Context, hash []byte, kind vault.SlotKind, auth []byte, from Source) (Opened, error) {
	rec, raw, err := a.findLogin(ctx, hash, a.decoy)
	if err != nil {
		return Opened{}, err
	}
	slot, ok := a.proves(rec, kind, auth)
	if !ok {
		return Opened{}, ErrWrongLogin
	}
	opened := a.newSession(rec.Account, kind, from)
	opened.Slot = slot
	err = a.beginSession(ctx, opened.Session.record(), raw, func(now accountRecord) error {
		if _, ok := a.proves(now, kind, auth); !ok {
			return ErrWrongLogin
		}
		return nil
	})
	if err != nil {
		return Opened{}, err
	}
	return opened, nil
}

// Reauthenticate proves a secret again in a session, which gets a new AuthTime. By recovery code it
// must renew afterwards, as after a login by recovery code.
func (a *Accounts) Reauthenticate(ctx context.Context, s Session, kind vault.SlotKind, auth []byte) (Session, error) {
	if s.MustRenew {
		return Session{}, ErrMustRenew
	}
	var rec sessionRecord
	err := a.proven(s, func() (err error) {
		rec, err = a.reproveSession(ctx, s.ID, func(acc accountRecord, ses *sessionRecord) error {
			if ses.MustRenew {
				return ErrMustRenew
			}
			if _, ok := a.proves(acc, kind, auth); !ok {
				return ErrWrongSecret
			}
			ses.AuthTime = a.now().Unix()
			ses.Methods = []string{methodOf(kind)}
			ses.MustRenew = kind == vault.SlotRecovery
			return nil
		})
		return err
	})
	if err != nil {
		return Session{}, err
	}
	return rec.session(), nil
}

// proven runs a step that checks a secret inside a session, slowed down like a login: a stolen
// cookie must not become a place to guess.
func (a *Accounts) proven(s Session, step func() error) error {
	try, err := a.door.session(s.Account, s.ID)
	if err != nil {
		return err
	}
	err = step()
	try.settle(err, ErrWrongSecret)
	return err
}

// settle keeps the charge for a wrong secret, and takes it back for anything else: success, or a
// mistake of ours.
func (t attempt) settle(err, wrong error) {
	switch {
	case err == nil:
		t.succeed()
	case !errors.Is(err, wrong):
		t.undo()
	}
}

// proves finds the slot of this kind whose secret auth proves. Who does not exist proves nothing.
func (a *Accounts) proves(rec accountRecord, kind vault.SlotKind, auth []byte) (vault.Slot, bool) {
	var found vault.Slot
	ok := false
	for _, s := range rec.Slots {
		if s.Slot.Kind == kind && hmac.Equal(s.Check, a.check(rec.Account, s.Slot.ID, auth)) {
			found, ok = s.Slot, rec.Account != ""
		}
	}
	return found, ok
}

// check is what is kept of a proof. Account and slot are part of it: a record that was moved proves nothing.
func (a *Accounts) check(account id.Account, slot id.Slot, auth []byte) []byte {
	return a.keys.Hash("auth", []byte(account), []byte(slot), auth)
}

// newDecoy makes records of the form that every account has, so that reading and opening them takes
// as long. What its slots check is random.
func (a *Accounts) newDecoy() decoy {
	p := accountRecord{V: version, Account: id.New[id.Account](), Login: seal.NewKey().Bytes(), Created: a.now().Unix()}
	stretch := a.stretch
	stretch.Salt = seal.NewKey().Bytes()[:seal.SaltSize]
	for _, kind := range [...]vault.SlotKind{vault.SlotPassphrase, vault.SlotRecovery} {
		s := vault.Slot{ID: id.New[id.Slot](), Kind: kind, Sealed: make([]byte, seal.CommittingOverhead+seal.KeySize)}
		if kind == vault.SlotPassphrase {
			s.Stretch = &stretch
		}
		p.Slots = append(p.Slots, slotRecord{Slot: s, Check: seal.NewKey().Bytes()})
	}
	return decoy{account: p.Account, login: encode(loginRecord{V: version, Account: p.Account}), sealed: a.sealAccount(p.Account, p)}
}

// loginHash is all that is kept of a login name.
func (a *Accounts) loginHash(login string) ([]byte, error) {
	name, err := normalLogin(login)
	if err != nil {
		return nil, err
	}
	return a.keys.Hash("login", []byte(name)), nil
}

// normalLogin gives every spelling of a login name that people take for the same one form: without
// space around it, compatibility characters resolved, case folded.
func normalLogin(login string) (string, error) {
	if len(login) > 4*maxLogin+64 || !utf8.ValidString(login) {
		return "", ErrLoginInvalid
	}
	name := norm.NFKC.String(cases.Fold().String(norm.NFKC.String(strings.TrimSpace(login))))
	if n := utf8.RuneCountInString(name); n < minLogin || n > maxLogin || strings.ContainsFunc(name, invisible) {
		return "", ErrLoginInvalid
	}
	return name, nil
}

// invisible characters (controls, formats, private use, spaces but the plain one) make two names
// look alike, or a line of text two.
func invisible(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp) || (unicode.IsSpace(r) && r != ' ')
}
