package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"github.com/meins-id/meins/vault/seal"
)

// SigningNone is the userinfo_signed_response_alg of a vendor whose library reads an encrypted UserInfo
// response only with a JWT in it: that JWT is unsecured. Nobody but the customer could sign it, for nobody
// else has read it.
const SigningNone = "none"

var errNoKey = errors.New("needs exactly one key with use enc, on P-256 or X25519, for this algorithm")

// EndToEnd says that the vendor registered a key for its UserInfo responses.
func (v Vendor) EndToEnd() bool { return v.Protocol.UserInfoKeyAlg != "" }

// Recipient is the one key among the vendor's that UserInfo is encrypted to: for the registered algorithm,
// and marked for encryption, so that no key that signs is taken for it.
func (v Vendor) Recipient() (seal.Recipient, error) {
	_, keys, err := splitKeys(v.JWKS)
	if err != nil {
		return seal.Recipient{}, err
	}
	var found seal.Recipient
	for _, raw := range keys {
		key, err := seal.ParseRecipient(raw)
		if err != nil || key.Algorithm() != "" && key.Algorithm() != v.Protocol.UserInfoKeyAlg {
			continue
		}
		if !found.IsZero() {
			return seal.Recipient{}, errNoKey
		}
		found = key
	}
	if found.IsZero() {
		return seal.Recipient{}, errNoKey
	}
	return found, nil
}

func (v Vendor) checkEncryption(m *mistakes) {
	p := v.Protocol
	if !v.EndToEnd() {
		m.add(p.UserInfoEnc != "", "userinfo encryption: an enc without an alg")
		return
	}
	known := slices.Contains([]string{seal.ECDHES, seal.ECDHESA256KW}, p.UserInfoKeyAlg)
	m.add(!known, "userinfo encryption: alg is %s or %s, not %q", seal.ECDHES, seal.ECDHESA256KW, p.UserInfoKeyAlg)
	m.add(p.UserInfoEnc != seal.A256GCM, "userinfo encryption: enc is %s, not %q", seal.A256GCM, p.UserInfoEnc)
	m.add(p.UserInfoAlg != "" && p.UserInfoAlg != SigningNone,
		"userinfo encryption: cannot be signed with %s as well, because nobody here can read what would be signed; leave the signature out, or register none", p.UserInfoAlg)
	if v.JWKSURI != "" {
		m.add(true, "userinfo encryption: the key is registered itself, not by its address: customers approve this very key")
	} else if _, err := v.Recipient(); known && err != nil {
		m.add(true, "userinfo encryption: %v", err)
	}
}

// Recipients are the keys of a set that can be encrypted to by an algorithm, in their order: those that
// are marked for encryption, so that no key that signs is taken for one.
func Recipients(raw json.RawMessage, alg string) ([]seal.Recipient, error) {
	_, keys, err := splitKeys(raw)
	if err != nil {
		return nil, err
	}
	var found []seal.Recipient
	for _, raw := range keys {
		key, err := seal.ParseRecipient(raw)
		if err == nil && (key.Algorithm() == "" || key.Algorithm() == alg) {
			found = append(found, key)
		}
	}
	return found, nil
}

// checkNested wants of answers that are signed and then encrypted, that there is a key to encrypt them
// to; an address may hold any.
func (v Vendor) checkNested(m *mistakes) {
	p := v.Protocol
	for name, one := range map[string][2]string{
		"id token": {p.IDTokenKeyAlg, p.IDTokenEnc}, "introspection": {p.IntrospectionKeyAlg, p.IntrospectionEnc},
	} {
		alg, enc := one[0], one[1]
		if alg == "" {
			m.add(enc != "", "%s encryption: an enc without an alg", name)
			continue
		}
		known := slices.Contains([]string{seal.ECDHES, seal.ECDHESA256KW}, alg)
		m.add(!known, "%s encryption: alg is %s or %s, not %q", name, seal.ECDHES, seal.ECDHESA256KW, alg)
		m.add(enc != seal.A256GCM, "%s encryption: enc is %s, not %q", name, seal.A256GCM, enc)
		keys, err := Recipients(v.JWKS, alg)
		m.add(known && v.JWKSURI == "" && (err != nil || len(keys) == 0), "%s encryption: needs a key with use enc, on P-256 or X25519, for this algorithm", name)
	}
}

// signs says that the vendor has keys to prove itself with; an address may hold any.
func (v Vendor) signs() bool {
	keys, err := SigningKeys(v.JWKS)
	return v.JWKSURI != "" || err == nil && len(keys) > 0 || err != nil && len(v.JWKS) > 0
}

// SigningKeys are the keys of a registered set that may sign. What is for encryption is not among them,
// nor need it be of a kind that signs.
func SigningKeys(raw json.RawMessage) ([]jose.JSONWebKey, error) {
	keys, _, err := splitKeys(raw)
	return keys, err
}

// splitKeys reads a set, with those for encryption as they are.
func splitKeys(raw json.RawMessage) (signing []jose.JSONWebKey, encrypting []json.RawMessage, err error) {
	if len(raw) == 0 {
		return nil, nil, nil
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, nil, fmt.Errorf("keys: %w", err)
	}
	for _, raw := range set.Keys {
		var said struct {
			Use string `json:"use"`
		}
		if err := json.Unmarshal(raw, &said); err != nil {
			return nil, nil, fmt.Errorf("key: %w", err)
		}
		if said.Use == "enc" {
			encrypting = append(encrypting, raw)
			continue
		}
		var key jose.JSONWebKey
		if err := json.Unmarshal(raw, &key); err != nil {
			return nil, nil, fmt.Errorf("key: %w", err)
		}
		signing = append(signing, key)
	}
	return signing, encrypting, nil
}

// isPublic says that a key for encryption is one that we know, or could, and no private one.
func isPublic(raw json.RawMessage) bool {
	if _, err := seal.ParseRecipient(raw); err == nil {
		return true
	}
	var key jose.JSONWebKey
	return json.Unmarshal(raw, &key) == nil && key.Valid() && key.IsPublic()
}
