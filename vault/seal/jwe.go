package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// jweNonce is the length of the initialization vector of A256GCM; jweTag that of its authentication tag.
const (
	jweNonce = 12
	jweTag   = 16
)

// Encrypt makes the compact JWE (RFC 7516, 3.1) of a plaintext for the recipient, by one of the
// algorithms above; an empty one is that of the key, or else ECDH-ES. cty says what the plaintext
// is: "JWT" when it is another token, empty for plain JSON. Each message has a key pair of its own,
// so that whoever made it cannot read it afterwards.
func Encrypt(to Recipient, alg, cty string, plaintext []byte) (string, error) {
	if to.IsZero() {
		return "", ErrJWK
	}
	if alg == "" {
		alg = to.alg
	}
	if alg == "" {
		alg = ECDHES
	}
	if to.alg != "" && alg != to.alg {
		return "", ErrAlgorithm
	}
	own, shared, err := agree(to.point)
	if err != nil {
		return "", err
	}
	if bytes.Equal(shared, make([]byte, len(shared))) {
		return "", ErrJWK // an X25519 key of low order gives no secret (RFC 7748, 6.1)
	}
	cek, iv := make([]byte, KeySize), make([]byte, jweNonce)
	_, _ = rand.Read(cek) // crypto/rand never fails
	_, _ = rand.Read(iv)
	return encrypt(to, alg, cty, own, shared, cek, iv, plaintext)
}

// encrypt is Encrypt without chance: own is the key pair's public half, shared what it agreed on with
// the recipient; cek is only used where the algorithm wraps a content key.
func encrypt(to Recipient, alg, cty string, own point, shared, cek, iv, plaintext []byte) (string, error) {
	var err error
	var wrapped []byte
	switch alg {
	case ECDHES:
		cek = concatKDF(shared, A256GCM, nil, nil)
	case ECDHESA256KW:
		if wrapped, err = wrapKey(concatKDF(shared, alg, nil, nil), cek); err != nil {
			return "", err
		}
	default:
		return "", ErrAlgorithm
	}
	header, err := json.Marshal(jweHeader{
		Algorithm: alg, Content: A256GCM, Key: json.RawMessage(own.jwk()), ID: to.id, Type: cty,
	})
	if err != nil {
		return "", fmt.Errorf("header: %w", err)
	}
	block, err := aes.NewCipher(cek)
	if err != nil {
		return "", err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	head := encode(header)
	box := gcm.Seal(nil, iv, plaintext, []byte(head))
	text, tag := box[:len(box)-jweTag], box[len(box)-jweTag:]
	return head + "." + encode(wrapped) + "." + encode(iv) + "." + encode(text) + "." + encode(tag), nil
}

// jweHeader is the protected header of a message.
type jweHeader struct {
	Algorithm string          `json:"alg"`
	Content   string          `json:"enc"`
	Key       json.RawMessage `json:"epk"`
	ID        string          `json:"kid,omitempty"`
	Type      string          `json:"cty,omitempty"`
}

// concatKDF derives 256 bits from a shared secret (RFC 7518, 4.6.2): one round of the Concat KDF of
// NIST SP 800-56A, bound to the algorithm and to who sends and who receives, where that is said.
func concatKDF(shared []byte, algorithm string, apu, apv []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, 1)
	b = append(b, shared...)
	for _, part := range [][]byte{[]byte(algorithm), apu, apv} {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(part))), part...)
	}
	b = binary.BigEndian.AppendUint32(b, 8*KeySize)
	sum := sha256.Sum256(b)
	return sum[:]
}

var errWrap = errors.New("a key to wrap has 64-bit blocks, two at least")

// wrapKey is the AES Key Wrap of RFC 3394.
func wrapKey(kek, key []byte) ([]byte, error) {
	const size = 8
	if len(key) < 2*size || len(key)%size != 0 {
		return nil, errWrap
	}
	block, err := aes.NewCipher(kek)
	if err != nil {
		return nil, err
	}
	out := append([]byte{0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6}, key...)
	buffer, n := make([]byte, 2*size), len(key)/size
	for round := range 6 {
		for i := 1; i <= n; i++ {
			copy(buffer, out[:size])
			copy(buffer[size:], out[i*size:])
			block.Encrypt(buffer, buffer)
			step := uint64(n*round + i)
			binary.BigEndian.PutUint64(out, binary.BigEndian.Uint64(buffer)^step)
			copy(out[i*size:(i+1)*size], buffer[size:])
		}
	}
	return out, nil
}
