package seal

import "crypto/subtle"

// commitSize is the length of the key commitment; commitHead is where the ciphertext begins.
const (
	commitSize = 32
	commitHead = boxHead + commitSize

	// CommittingOverhead is by how much a committing box is longer than what it holds.
	CommittingOverhead = commitHead + tagSize
)

// SealCommitting is Seal with a commitment to the key. AES-GCM alone permits bytes that open under
// two keys, and with such bytes a hostile server could test many passphrases with one answer of the
// customer's program. What is sealed under a key that came from a passphrase, a recovery code or a
// session uses this.
func SealCommitting(k Key, c Context, plaintext []byte) []byte {
	mustSeal(k, c)
	var nonce [nonceSize]byte
	random(nonce[:])
	return sealCommitting(k, c, nonce, plaintext)
}

// sealCommitting is SealCommitting with the randomness passed in.
func sealCommitting(k Key, c Context, nonce [nonceSize]byte, plaintext []byte) []byte {
	key, commitment := commit(k, c, nonce[:])
	return sealWith(newAEAD(key), formatCommitting, nonce, commitment, c, plaintext)
}

// OpenCommitting opens what SealCommitting made for the same key and context; anything else is
// ErrOpen.
func OpenCommitting(k Key, c Context, box []byte) ([]byte, error) {
	if err := mayOpen(k, c, formatCommitting, box); err != nil {
		return nil, err
	}
	if len(box) < CommittingOverhead {
		return nil, ErrOpen
	}
	key, commitment := commit(k, c, box[1:boxHead])
	if subtle.ConstantTimeCompare(commitment, box[boxHead:commitHead]) != 1 {
		return nil, ErrOpen
	}
	return openWith(newAEAD(key), formatCommitting, commitHead, c, box)
}

// commit derives 64 bytes with the nonce as salt: the first half encrypts, the second half is
// public and can be reached from one key only.
func commit(k Key, c Context, nonce []byte) (key, commitment []byte) {
	out := expand(k.raw(), nonce, "meins/1/committing/"+c.Purpose, KeySize+commitSize)
	return out[:KeySize], out[KeySize:]
}
