package identity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/store"
	"github.com/meins-id/meins/vault/seal"
)

// Keys in the store, and what lies under them:
//
//	keyring                        ringRecord, sealed under the master key
//	login/HASH                     loginRecord
//	account/ACCOUNT                accountRecord, sealed under the ring's record key
//	session/SESSION                sessionRecord, sealed likewise; expires (SESSION begins with a span of time, then as ACCOUNT)
//	account-gone/ACCOUNT           goneRecord, until nothing is left of the account anywhere
//	session-vendor/SESSION/CLIENT  memberRecord, expires with the session  (member.go)
//	farewell/DUE-ID                farewellRecord; expires                 (farewell.go)
//	vendor/CLIENT                  vendorRecord      (store_vendors.go)
//	vendor-logo/CLIENT             logoRecord        (store_vendors.go)
const ringKeyName = "keyring"

func loginKey(hash []byte) string    { return "login/" + encoding.EncodeToString(hash) }
func accountKey(a id.Account) string { return "account/" + string(a) }

// sessionKey puts sessions that began in the same hours beside each other, so that logins share the pages
// which they write, however many accounts there are. There an account's lie together, so that no list of
// them is needed. Of two accounts that begin alike the records themselves say whose they are.
func sessionKey(s id.Session) string { return sessionPrefix + string(s) }

const sessionPrefix = "session/"

// What sealed records are sealed as.
var ringContext = seal.Context{Purpose: "identity/keyring"}

func accountContext(a id.Account) seal.Context {
	return seal.Context{Purpose: "identity/account", Account: string(a)}
}

func sessionContext(s id.Session) seal.Context {
	return seal.Context{Purpose: "identity/session", Object: string(s)}
}

// records are the atomic steps on accounts and sessions.
type records struct {
	store store.Store
	keys  *Keyring
	now   func() time.Time
}

// createAccount stores a new account and its first session, unless the login or the account exists.
func (r records) createAccount(ctx context.Context, acc accountRecord, ses sessionRecord) error {
	return r.store.Update(ctx, func(tx store.Tx) error {
		found, err := tx.GetMany(loginKey(acc.Login), accountKey(acc.Account), gonePrefix+string(acc.Account))
		switch {
		case err != nil:
			return err
		case found[0] != nil:
			return ErrLoginTaken
		case found[1] != nil || found[2] != nil:
			return ErrAccountTaken
		}
		login := encode(loginRecord{V: version, Account: acc.Account})
		if err := tx.Put(loginKey(acc.Login), login, time.Time{}); err != nil {
			return err
		}
		if err := r.putAccount(tx, acc); err != nil {
			return err
		}
		return r.putSession(tx, ses)
	})
}

// decoy stands for the account of a login that nobody has: an account that is not in the store, and
// the sealed record that it would have. What it opens to has no account.
type decoy struct {
	account id.Account
	login   []byte // encoded
	sealed  []byte
}

// findLogin reads the account behind the hash of a login name. For a login that does not exist it
// does the same with the decoy: the same reads, and records of the same form to open.
func (r records) findLogin(ctx context.Context, hash []byte, d decoy) (rec accountRecord, raw []byte, err error) {
	var login loginRecord
	known := false
	err = r.store.View(ctx, func(s store.Reader) error {
		found, err := s.GetMany(loginKey(hash))
		if err != nil {
			return err
		}
		if known = found[0] != nil; !known {
			found[0] = d.login
		}
		if login, err = decode[loginRecord](found[0]); err != nil {
			return err
		}
		found, err = s.GetMany(accountKey(login.Account))
		if err != nil {
			return err
		}
		raw = found[0]
		return nil
	})
	if err != nil {
		return accountRecord{}, nil, fmt.Errorf("read login: %w", err)
	}
	if known = known && raw != nil; !known {
		login.Account, raw = d.account, d.sealed
	}
	rec, err = r.openAccount(login.Account, raw)
	if !known {
		rec.Account = ""
	}
	return rec, raw, err
}

// beginSession stores a session of an account whose record is still the one that was checked; when
// it has changed since, still decides on the new one.
func (r records) beginSession(ctx context.Context, ses sessionRecord, checked []byte, still func(accountRecord) error) error {
	return r.store.Update(ctx, func(tx store.Tx) error {
		raw, err := tx.Get(accountKey(ses.Account))
		if errors.Is(err, store.ErrNotFound) {
			return ErrWrongLogin
		}
		if err != nil {
			return err
		}
		if !bytes.Equal(raw, checked) {
			acc, err := r.openAccount(ses.Account, raw)
			if err != nil {
				return err
			}
			if err := still(acc); err != nil {
				return err
			}
		}
		return r.putSession(tx, ses)
	})
}

// readAccount reads one account; ErrNoAccount when there is none.
func (r records) readAccount(ctx context.Context, a id.Account) (rec accountRecord, err error) {
	err = r.store.View(ctx, func(s store.Reader) error {
		rec, err = r.getAccount(s, a)
		return err
	})
	return rec, err
}

// readSession reads one session; ErrNoSession when there is none.
func (r records) readSession(ctx context.Context, s id.Session) (rec sessionRecord, err error) {
	err = r.store.View(ctx, func(rd store.Reader) error {
		rec, err = r.getSession(rd, s)
		return err
	})
	return rec, err
}

// readSessions reads every live session of an account.
func (r records) readSessions(ctx context.Context, a id.Account) (recs []sessionRecord, err error) {
	err = r.store.View(ctx, func(rd store.Reader) error {
		recs = nil
		return r.eachSession(rd, a, func(rec sessionRecord) error {
			recs = append(recs, rec)
			return nil
		})
	})
	return recs, err
}

// ends says what else is over with a change: other sessions, and the tokens of programs.
type ends struct {
	sessions func(sessionRecord) bool
	programs bool
}

func everyOne(sessionRecord) bool    { return true }
func mustRenew(r sessionRecord) bool { return r.MustRenew }

// changeSession lets change decide on the account and alter account and session, and stores both.
// What end says, ends in the same step.
func (r records) changeSession(ctx context.Context, s id.Session, end ends, change func(*accountRecord, *sessionRecord) error) (out sessionRecord, err error) {
	err = r.store.Update(ctx, func(tx store.Tx) error {
		ses, acc, err := r.getBoth(tx, s)
		if err != nil {
			return err
		}
		if err := change(&acc, &ses); err != nil {
			return err
		}
		if err := r.deleteSessions(tx, acc.Account, end.sessions, s); err != nil {
			return err
		}
		if end.programs {
			if err := r.deletePrograms(tx, acc.Account); err != nil {
				return err
			}
		}
		if err := r.putAccount(tx, acc); err != nil {
			return err
		}
		out = ses
		return r.putSession(tx, ses)
	})
	return out, err
}

// reproveSession lets change alter the session alone, after a look at the account.
func (r records) reproveSession(ctx context.Context, s id.Session, change func(accountRecord, *sessionRecord) error) (out sessionRecord, err error) {
	err = r.store.Update(ctx, func(tx store.Tx) error {
		ses, acc, err := r.getBoth(tx, s)
		if err != nil {
			return err
		}
		if err := change(acc, &ses); err != nil {
			return err
		}
		out = ses
		return r.putSession(tx, ses)
	})
	return out, err
}

// endSession deletes one session; there need not be one.
func (r records) endSession(ctx context.Context, s id.Session) error {
	return r.store.Update(ctx, func(tx store.Tx) error {
		ses, err := r.getSession(tx, s)
		if errors.Is(err, ErrNoSession) {
			return nil
		}
		if err != nil {
			return err
		}
		return r.deleteSession(tx, ses.Account, s)
	})
}

// endSessions deletes every session of an account but those in except, and where all end the tokens of
// its programs.
func (r records) endSessions(ctx context.Context, a id.Account, except ...id.Session) error {
	return r.store.Update(ctx, func(tx store.Tx) error {
		if err := r.deleteSessions(tx, a, everyOne, except...); err != nil || len(except) > 0 {
			return err
		}
		return r.deletePrograms(tx, a)
	})
}

// deleteAccount deletes the account, its login, its sessions and its programs' tokens, if the session lives and
// may agrees. From this step on nobody can ask for the rest to be deleted: that it is to be, is noted in it.
func (r records) deleteAccount(ctx context.Context, s id.Session, may func(accountRecord, sessionRecord) error) error {
	return r.store.Update(ctx, func(tx store.Tx) error {
		ses, acc, err := r.getBoth(tx, s)
		if err != nil {
			return err
		}
		if err := may(acc, ses); err != nil {
			return err
		}
		if err := r.deleteSessions(tx, acc.Account, everyOne); err != nil {
			return err
		}
		if err := r.deletePrograms(tx, acc.Account); err != nil {
			return err
		}
		if err := tx.Put(gonePrefix+string(acc.Account), encode(goneRecord{V: version}), time.Time{}); err != nil {
			return err
		}
		return errors.Join(tx.Delete(loginKey(acc.Login)), tx.Delete(accountKey(acc.Account)))
	})
}

const gonePrefix = "account-gone/"

// Gone lists accounts that are deleted and of which something may be left elsewhere, at most limit.
func (r records) Gone(ctx context.Context, limit int) (accounts []id.Account, err error) {
	err = r.store.View(ctx, func(s store.Reader) error {
		items, err := s.Scan(gonePrefix, "", limit)
		accounts = make([]id.Account, len(items))
		for i, it := range items {
			accounts[i] = id.Account(it.Key[len(gonePrefix):])
		}
		return err
	})
	return accounts, err
}

// Bury forgets that an account was deleted: nothing is left of it.
func (r records) Bury(ctx context.Context, a id.Account) error {
	return r.store.Update(ctx, func(tx store.Tx) error { return tx.Delete(gonePrefix + string(a)) })
}

func (r records) getBoth(s store.Reader, session id.Session) (sessionRecord, accountRecord, error) {
	ses, err := r.getSession(s, session)
	if err != nil {
		return sessionRecord{}, accountRecord{}, err
	}
	acc, err := r.getAccount(s, ses.Account)
	return ses, acc, err
}

func (r records) getAccount(s store.Reader, a id.Account) (accountRecord, error) {
	raw, err := s.Get(accountKey(a))
	if errors.Is(err, store.ErrNotFound) {
		return accountRecord{}, ErrNoAccount
	}
	if err != nil {
		return accountRecord{}, fmt.Errorf("read account: %w", err)
	}
	return r.openAccount(a, raw)
}

func (r records) getSession(s store.Reader, session id.Session) (sessionRecord, error) {
	raw, err := s.Get(sessionKey(session))
	if errors.Is(err, store.ErrNotFound) {
		return sessionRecord{}, ErrNoSession
	}
	if err != nil {
		return sessionRecord{}, fmt.Errorf("read session: %w", err)
	}
	return r.openSession(session, raw)
}

func (r records) putAccount(tx store.Tx, acc accountRecord) error {
	return tx.Put(accountKey(acc.Account), r.sealAccount(acc.Account, acc), time.Time{})
}

func (r records) putSession(tx store.Tx, ses sessionRecord) error {
	// Within its last second a record goes in the order in which it came: the index of what expires has those
	// of one commit side by side then.
	expires := fromUnix(ses.Expires).Add(time.Duration(r.now().Nanosecond()))
	sealed := r.keys.records().Seal(sessionContext(ses.ID), encode(ses))
	return tx.Put(sessionKey(ses.ID), sealed, expires)
}

func (r records) sealAccount(a id.Account, acc accountRecord) []byte {
	return r.keys.records().Seal(accountContext(a), encode(acc))
}

func (r records) openAccount(a id.Account, raw []byte) (accountRecord, error) {
	plaintext, err := r.keys.records().Open(accountContext(a), raw)
	if err != nil {
		return accountRecord{}, fmt.Errorf("open account %s: %w", a, err)
	}
	return decode[accountRecord](plaintext)
}

func (r records) openSession(s id.Session, raw []byte) (sessionRecord, error) {
	plaintext, err := r.keys.records().Open(sessionContext(s), raw)
	if err != nil {
		return sessionRecord{}, fmt.Errorf("open session %s: %w", s, err)
	}
	return decode[sessionRecord](plaintext)
}

// eachSession calls fn for every session of an account: it leaps from one span of time, of which sessions
// are left, to the next.
func (r records) eachSession(rd store.Reader, a id.Account, fn func(sessionRecord) error) error {
	for from := sessionPrefix; ; {
		next, err := rd.Scan(sessionPrefix, from, 1)
		if err != nil {
			return fmt.Errorf("list sessions: %w", err)
		}
		if len(next) == 0 {
			return nil
		}
		span := next[0].Key[:min(len(sessionPrefix)+spanLength, len(next[0].Key))]
		if err := r.eachSessionIn(rd, span, a, fn); err != nil {
			return err
		}
		from = span + afterAll
	}
}

// afterAll sorts after all characters of identifiers.
const afterAll = "~"

// eachSessionIn is eachSession in one span, page by page.
func (r records) eachSessionIn(rd store.Reader, span string, a id.Account, fn func(sessionRecord) error) error {
	prefix, from := span+ownerOf(a), ""
	for {
		items, err := rd.Scan(prefix, from, scanPage)
		if err != nil {
			return fmt.Errorf("list sessions: %w", err)
		}
		for _, it := range items {
			ses, err := r.openSession(id.Session(it.Key[len(sessionPrefix):]), it.Value)
			if err != nil {
				return err
			}
			if ses.Account != a {
				continue
			}
			if err := fn(ses); err != nil {
				return err
			}
		}
		if len(items) < scanPage {
			return nil
		}
		from = items[len(items)-1].Key + "\x00"
	}
}

// scanPage is how many records are listed at a time.
const scanPage = 200

// deleteSession ends a session, and sees to it that its vendors hear of it.
func (r records) deleteSession(tx store.Tx, a id.Account, s id.Session) error {
	if err := r.dismiss(tx, a, s); err != nil {
		return err
	}
	return tx.Delete(sessionKey(s))
}

// deleteSessions deletes the sessions of an account that over says, but those in except.
func (r records) deleteSessions(tx store.Tx, a id.Account, over func(sessionRecord) bool, except ...id.Session) error {
	return r.eachSession(tx, a, func(ses sessionRecord) error {
		if slices.Contains(except, ses.ID) || !over(ses) {
			return nil
		}
		return r.deleteSession(tx, a, ses.ID)
	})
}
