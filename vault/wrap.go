package vault

import (
	"fmt"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault/seal"
)

// The two operations that a return visit needs, OpenSession and UnwrapGrantKey, are HKDF and
// AES-GCM only: a small script does them with WebCrypto, checked by the same vectors.

// WrapGrantKey seals a grant key under the vault key, together with what was approved, to be kept in the
// grant's record. Zero keys and a zero Approved are a mistake in the program, and panic.
func WrapGrantKey(k Key, account id.Account, grant id.Grant, approved Approved, g GrantKey) []byte {
	digest := approved.Digest()
	if g.IsZero() || digest == "" {
		panic("vault: zero grant key, or nothing approved")
	}
	return seal.Seal(k.secretKey, grantKeyContext(account, grant, digest), g.Bytes())
}

// UnwrapGrantKey opens what WrapGrantKey made for the same account and grant when the same was approved.
func UnwrapGrantKey(k Key, account id.Account, grant id.Grant, approved Approved, wrapped []byte) (GrantKey, error) {
	digest := approved.Digest()
	if digest == "" {
		return GrantKey{}, ErrSealed
	}
	plaintext, err := seal.Open(k.secretKey, grantKeyContext(account, grant, digest), wrapped)
	if err != nil {
		return GrantKey{}, ErrSealed.Because(err)
	}
	g, err := GrantKeyFrom(plaintext)
	if err != nil {
		return GrantKey{}, ErrSealed.Because(err)
	}
	return g, nil
}

func grantKeyContext(account id.Account, grant id.Grant, digest string) seal.Context {
	// Neither has a slash.
	return seal.Context{Purpose: "grant-key", Account: string(account), Object: string(grant) + "/" + digest}
}

// WrapForSession seals the vault key under the share that the server gave to this session. The
// browser keeps the result, the server keeps the share: neither is enough, and the key is gone when
// the server drops the share.
func WrapForSession(k Key, share []byte, account id.Account, session id.Session) ([]byte, error) {
	key, err := seal.KeyFrom(share)
	if err != nil {
		return nil, fmt.Errorf("session share: %w", err)
	}
	if k.IsZero() {
		panic("vault: zero vault key")
	}
	return seal.SealCommitting(key, sessionContext(account, session), k.Bytes()), nil
}

// OpenSession opens what WrapForSession made for the same share, account and session.
func OpenSession(share []byte, account id.Account, session id.Session, wrapped []byte) (Key, error) {
	key, err := seal.KeyFrom(share)
	if err != nil {
		return Key{}, ErrSealed.Because(err)
	}
	return openKey(key, sessionContext(account, session), wrapped, ErrSealed)
}

func sessionContext(account id.Account, session id.Session) seal.Context {
	return seal.Context{Purpose: "session", Account: string(account), Object: string(session)}
}
