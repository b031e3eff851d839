package identity

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/seal"
)

// encoding is strict, so that a token has one spelling.
var encoding = base64.RawURLEncoding.Strict()

const (
	tokenSize    = 32  // of a session token's secret
	idLength     = 26  // of an identifier, in characters
	tagLength    = 10  // of what a session's identifier begins with: the span that it began in, and its account
	spanLength   = 4   // of the span
	maxUserAgent = 200 // bytes that are kept, for the customer's list of sessions

	// span is a time whose sessions lie together. A list of an account's looks into each that is left, and
	// that are 42 where sessions last a week.
	span = 4 * time.Hour
)

// Session is one signed-in browser or program.
type Session struct {
	ID        id.Session
	Account   id.Account
	AuthTime  time.Time // when a secret was last proved
	Created   time.Time
	Expires   time.Time
	Methods   []string // how, as in the amr claim (RFC 8176)
	Share     []byte   // 32 bytes; with them the browser opens the vault key that it keeps
	MustRenew bool     // signed in by recovery code: nothing else before a new passphrase and code
	UserAgent string
}

// Session finds the session behind a cookie's value.
func (a *Accounts) Session(ctx context.Context, token string) (Session, error) {
	sid, ok := a.sessionID(token)
	if !ok {
		return Session{}, ErrNoSession
	}
	rec, err := a.readSession(ctx, sid)
	if err != nil {
		return Session{}, err
	}
	if a.now().Unix() >= rec.Expires {
		return Session{}, ErrNoSession
	}
	return rec.session(), nil
}

// Sessions lists the live sessions of an account, the newest first, without their shares.
func (a *Accounts) Sessions(ctx context.Context, account id.Account) ([]Session, error) {
	recs, err := a.readSessions(ctx, account)
	if err != nil {
		return nil, err
	}
	list := make([]Session, 0, len(recs))
	for _, r := range recs {
		s := r.session()
		s.Share = nil
		list = append(list, s)
	}
	slices.SortStableFunc(list, func(x, y Session) int { return y.Created.Compare(x.Created) })
	return list, nil
}

// Logout ends a session. Its share is gone with it, and so is what the browser kept.
func (a *Accounts) Logout(ctx context.Context, s id.Session) error { return a.endSession(ctx, s) }

// LogoutEverywhere ends every session of an account but those in except. Without an exception the tokens
// of the customer's programs end too: everywhere is everywhere.
func (a *Accounts) LogoutEverywhere(ctx context.Context, account id.Account, except ...id.Session) error {
	return a.endSessions(ctx, account, except...)
}

// BrowserState is what the scripts of our pages may know of a session, so that vendors hear in the
// browser when it changes (OpenID Connect Session Management 1.0, 3.2): the same for as long as the
// session lasts, another for every other, and nothing leads from it to the session or its account.
func (a *Accounts) BrowserState(s id.Session) string {
	return encoding.EncodeToString(a.keys.Hash("browser state", []byte(s))[:16])
}

// newSession draws a session; nothing is stored yet.
func (a *Accounts) newSession(account id.Account, kind vault.SlotKind, from Source) Opened {
	secret := make([]byte, tokenSize)
	_, _ = rand.Read(secret) // does not fail: it ends the program
	now := a.now().UTC().Truncate(time.Second)
	tag := spanOf(now) + ownerOf(account)
	return Opened{
		Token: tag + "." + encoding.EncodeToString(secret),
		Session: Session{
			ID: a.idOf(tag, secret), Account: account, AuthTime: now, Created: now, Expires: now.Add(a.lifetime),
			Methods: []string{methodOf(kind)}, Share: seal.NewKey().Bytes(), MustRenew: kind == vault.SlotRecovery,
			UserAgent: agentName(from.UserAgent),
		},
	}
}

// sessionID is the identifier that a cookie's value stands for.
func (a *Accounts) sessionID(token string) (id.Session, bool) {
	tag, text, _ := strings.Cut(token, ".")
	if len(tag) != tagLength || len(text) != encoding.EncodedLen(tokenSize) {
		return "", false
	}
	secret, err := encoding.DecodeString(text)
	if err != nil {
		return "", false
	}
	s, err := id.Parse[id.Session](string(a.idOf(tag, secret)))
	return s, err == nil
}

// lowerBase32 is the alphabet of identifiers.
var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// spanOf names the span of a time, in the order of time.
func spanOf(t time.Time) string {
	return id.Number(uint64(max(t.Unix(), 0))/uint64(span/time.Second), spanLength)
}

// ownerOf is what an account's sessions have of its identifier: its beginning.
func ownerOf(a id.Account) string { return string(a[:min(tagLength-spanLength, len(a))]) }

// idOf makes the session's identifier out of its token, which is a tag and a secret: the tag, which says
// where the session lies in the store, and 80 bits of a keyed hash of both. So one
// record answers for both, the identifier can be shown to the customer, and neither it nor the store leads
// to the token. Vendors are given neither.
func (a *Accounts) idOf(tag string, secret []byte) id.Session {
	hash := lowerBase32.EncodeToString(a.keys.Hash("session", []byte(tag), secret))
	return id.Session(tag + hash)[:idLength]
}

// methodOf names what was proved: a passphrase, or a code that the login itself uses up.
func methodOf(kind vault.SlotKind) string {
	if kind == vault.SlotRecovery {
		return "otp"
	}
	return "pwd"
}

// agentName keeps of a browser's name what can be shown and logged.
func agentName(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	if len(s) > maxUserAgent {
		s = strings.ToValidUTF8(s[:maxUserAgent], "")
	}
	return s
}

// record is the session as it is stored.
func (s Session) record() sessionRecord {
	return sessionRecord{
		V: version, ID: s.ID, Account: s.Account, AuthTime: s.AuthTime.Unix(), Created: s.Created.Unix(),
		Expires: s.Expires.Unix(), Methods: s.Methods, Share: s.Share, MustRenew: s.MustRenew, UserAgent: s.UserAgent,
	}
}

// session is the stored session.
func (r sessionRecord) session() Session {
	return Session{
		ID: r.ID, Account: r.Account, AuthTime: fromUnix(r.AuthTime), Created: fromUnix(r.Created),
		Expires: fromUnix(r.Expires), Methods: r.Methods, Share: r.Share, MustRenew: r.MustRenew, UserAgent: r.UserAgent,
	}
}
