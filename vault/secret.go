package vault

import (
	"github.com/meins-id/meins/vault/seal"
)

// SlotKind says what opens a slot. The zero SlotKind opens nothing.
type SlotKind string

// The kinds of slots.
const (
	SlotPassphrase SlotKind = "passphrase"
	SlotRecovery   SlotKind = "recovery"
	SlotPasskey    SlotKind = "passkey"
)

// Labels of the derivations; docs/vault-format.md lists them.
const (
	labelAuth     = "meins/1/auth"
	labelUnlock   = "meins/1/unlock"
	labelRecovery = "meins/1/recovery"
	labelPRF      = "meins/1/prf"
)

// prfSize is what a passkey's PRF extension returns, at least.
const prfSize = 32

// Secret is what a passphrase, a recovery code or a passkey turns into: a part that the server may
// see to check a login, and a part that opens slots and never leaves the agent. Neither part leads
// to the other. The zero Secret proves and opens nothing.
type Secret struct {
	_       [0]func() // no ==
	kind    SlotKind
	stretch *seal.Stretch // of a passphrase only
	auth    seal.Key      // zero for a passkey, which proves itself by a signature
	unlock  seal.Key
}

// FromPassphrase stretches a passphrase; it fails when the parameters are outside the bounds.
func FromPassphrase(pass string, s seal.Stretch) (Secret, error) {
	root, err := s.Run(pass)
	if err != nil {
		return Secret{}, err
	}
	s.Salt = append([]byte(nil), s.Salt...)
	return Secret{
		kind:    SlotPassphrase,
		stretch: &s,
		auth:    seal.Derive(root, labelAuth),
		unlock:  seal.Derive(root, labelUnlock),
	}, nil
}

// FromRecovery turns a recovery code into its secret. The code is random and long: no stretching.
func FromRecovery(code RecoveryCode) Secret {
	root := seal.Stir(code.symbols(), labelRecovery)
	if root.IsZero() {
		return Secret{}
	}
	return Secret{
		kind:   SlotRecovery,
		auth:   seal.Derive(root, labelAuth),
		unlock: seal.Derive(root, labelUnlock),
	}
}

// FromPRF turns the output of a passkey's PRF extension into its secret, which opens slots but has
// no Auth. Fewer than 32 bytes give the zero Secret.
func FromPRF(output []byte) Secret {
	if len(output) < prfSize {
		return Secret{}
	}
	return Secret{kind: SlotPasskey, unlock: seal.Derive(seal.Stir(output, labelPRF), labelUnlock)}
}

// Kind says which kind of slots the secret opens; empty for the zero Secret.
func (s Secret) Kind() SlotKind { return s.kind }

// Auth is the 32 bytes that prove to the server that the secret is known; nil for a passkey.
func (s Secret) Auth() []byte { return s.auth.Bytes() }
