package agent

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/meins-id/meins/vault/seal"
)

// headType is the type of a signed head; consent/receipt writes it.
const headType = "consent-chain-head+jwt"

// Seen is the newest head of the record of decisions that this device saw. The zero Seen is that it has
// seen none.
type Seen struct {
	Receipts uint64    `json:"receipts"` // how many there were
	Hash     string    `json:"hash,omitempty"`
	Time     time.Time `json:"time,omitzero"`    // when the server said so
	Signed   string    `json:"signed,omitempty"` // the server's word on it: proof for others
}

// SeenReceipts is what this device remembers of the account's record of decisions. It asks nobody for it.
func (a *Agent) SeenReceipts(ctx context.Context) (Seen, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, err := a.signedIn(ctx); err != nil {
		return Seen{}, err
	}
	kept, err := a.keeper.Load(ctx)
	if err != nil || string(kept.Account) != a.session.Account {
		return Seen{}, err
	}
	s := Seen{Receipts: kept.Receipt, Hash: kept.ReceiptHash, Signed: kept.Head}
	if claims, err := readHead(kept.Head); err == nil {
		s.Time = time.Unix(claims.Issued, 0).UTC()
	}
	return s, nil
}

// headClaims are what is signed of a head, as far as it matters here.
type headClaims struct {
	Account string `json:"sub"`
	Issued  int64  `json:"iat"`
	Seq     uint64 `json:"seq"`
	Hash    string `json:"hash"`
}

// keySet is what of the server's keys for receipts can verify them (RFC 8037).
type keySet struct {
	Keys []struct {
		Kind  string `json:"kty"`
		Curve string `json:"crv"`
		ID    string `json:"kid"`
		X     string `json:"x"`
	} `json:"keys"`
}

// vouched checks that the server stands for the head that it shows, with a key that it shows to everybody:
// what it does not sign it can deny tomorrow. A browser that is too old to verify keeps the word as it is,
// for whoever can.
func (a *Agent) vouched(ctx context.Context, account string, head ReceiptHead) error {
	var keys keySet
	if err := a.transport.Do(ctx, "GET", "/receipts/keys", nil, &keys); err != nil {
		return err
	}
	claims, err := readHead(head.Signed)
	if err != nil || claims.Account != account || claims.Seq != head.Seq || claims.Hash != head.Hash || seal.CanVerify() && !keys.signed(head.Signed) {
		return ErrReceiptsUnsigned
	}
	return nil
}

// readHead reads what a token says, and believes nothing of it.
func readHead(token string) (claims headClaims, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims, ErrReceiptsUnsigned
	}
	return claims, unpack(parts[1], &claims)
}

// signed says whether one of the keys signed the token.
func (s keySet) signed(token string) bool {
	parts := strings.Split(token, ".")
	var header struct {
		Algorithm string `json:"alg"`
		Type      string `json:"typ"`
		Key       string `json:"kid"`
	}
	if len(parts) != 3 || unpack(parts[0], &header) != nil || header.Algorithm != "EdDSA" || header.Type != headType {
		return false
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return false
	}
	for _, key := range s.Keys {
		x, err := base64.RawURLEncoding.DecodeString(key.X)
		if err != nil || key.Kind != "OKP" || key.Curve != "Ed25519" || key.ID != header.Key {
			continue
		}
		if seal.Verify(x, []byte(parts[0]+"."+parts[1]), signature) {
			return true
		}
	}
	return false
}

func unpack(part string, into any) error {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}
