package vault

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault/seal"
)

// Who and what the vectors are about.
const (
	vectorAccount = id.Account("accountaaaaaaaaaaaaaaaaaaa")
	vectorOther   = id.Account("otheraccountaaaaaaaaaaaaaa")
	vectorGrant   = id.Grant("grantaaaaaaaaaaaaaaaaaaaaa")
	vectorSession = id.Session("sessionaaaaaaaaaaaaaaaaaaa")
)

// makeVectors is how the committed vectors came about; readVectors calls it only where none exist.
func makeVectors(t *testing.T) vectors {
	v := vectors{About: "Frozen. Bytes are hex, except in slots and stretches, which are the JSON of the API (base64). " +
		"Revisions are decimal text. An entry without result must be refused. See docs/vault-format.md."}
	key, grantKey := vaultKey(t, counting(0)), GrantKey{vaultKey(t, counting(64)).secretKey}
	makeSecrets(t, &v, key)
	makeWraps(t, &v, key, grantKey)
	for _, n := range []int{0, 1, 508, 509, 1000, 5000, 100_000} {
		v.Padding = append(v.Padding, paddingVector{n, capsuleFloor, len(pad(make([]byte, n), capsuleFloor))})
		v.Padding = append(v.Padding, paddingVector{n, documentFloor, len(pad(make([]byte, n), documentFloor))})
	}
	makeContents(t, &v, key, grantKey)
	return v
}

func makeSecrets(t *testing.T, v *vectors, key Key) {
	symbols := (*[recoverySymbols]byte)([]byte("0123456789ABCDEFGHJKMNPQRST"))
	shown := RecoveryCode{b: &symbols}.Text()
	bare := strings.ReplaceAll(shown, "-", "")
	for _, typed := range []string{shown, strings.ToLower(shown), "oi" + bare[2:9] + " \u2013 " + bare[9:]} {
		v.Recovery = append(v.Recovery, recoveryVector{typed, string(symbols[:]), shown})
	}
	v.Malcodes = []string{"", shown[1:], shown + "0", "1" + shown[1:], "10" + shown[2:], "U" + shown[1:]}
	v.Secrets = []secretVector{
		{Kind: SlotPassphrase, Passphrase: "Caf\u00e9 correct horse", Stretch: &seal.Stretch{Memory: 64 * 1024, Time: 3, Threads: 1, Salt: counting(50)[:seal.SaltSize]}},
		{Kind: SlotRecovery, Code: shown},
		{Kind: SlotPasskey, PRF: counting(100)},
	}
	for i := range v.Secrets {
		s := v.Secrets[i].secret(t)
		v.Secrets[i].Auth, v.Secrets[i].Unlock = s.Auth(), s.unlock.Bytes()
		slot, err := SealSlot(s, key, vectorAccount, "slotaaaaaaaaaaaaaaaaaaaaaa", s.Kind())
		if err != nil {
			t.Fatal(err)
		}
		damaged := slot
		damaged.Sealed = flipped(slot.Sealed)
		v.Slots = append(v.Slots,
			slotVector{Secret: i, Account: vectorAccount, Slot: slot, Key: key.Bytes()},
			slotVector{Secret: i, Account: vectorOther, Slot: slot, Why: "another account"},
			slotVector{Secret: i, Account: vectorAccount, Slot: damaged, Why: "a bit changed"},
		)
	}
}

func makeWraps(t *testing.T, v *vectors, key Key, grantKey GrantKey) {
	given := Approved{Client: "clientaaaaaaaaaaaaaaaaaaaa", Persona: "personaaaaaaaaaaaaaaaaaaaa", Claims: []string{"address", "email"}, Continuous: true}
	wrapped := WrapGrantKey(key, vectorAccount, vectorGrant, given, grantKey)
	bare := seal.Seal(key.secretKey, seal.Context{Purpose: "grant-key", Account: string(vectorAccount), Object: string(vectorGrant)}, grantKey.Bytes())
	unlike := func(change func(*Approved)) Approved {
		other := given
		change(&other)
		return other
	}
	once, nothing := unlike(func(a *Approved) { a.Continuous = false }), unlike(func(a *Approved) { a.Claims = []string{} })
	sealed := unlike(func(a *Approved) { a.Recipient = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" })
	thumbed := seal.Seal(key.secretKey, seal.Context{
		Purpose: "grant-key", Account: string(vectorAccount), Object: string(vectorGrant) + "/" + sealed.Recipient,
	}, grantKey.Bytes())
	v.Grants = []grantVector{
		grantVectorOf(key.Bytes(), given, wrapped, grantKey, ""),
		grantVectorOf(key.Bytes(), once, WrapGrantKey(key, vectorAccount, vectorGrant, once, grantKey), grantKey, ""),
		grantVectorOf(key.Bytes(), nothing, WrapGrantKey(key, vectorAccount, vectorGrant, nothing, grantKey), grantKey, ""),
		grantVectorOf(key.Bytes(), sealed, WrapGrantKey(key, vectorAccount, vectorGrant, sealed, grantKey), grantKey, ""),
		grantVectorOf(counting(1), given, wrapped, GrantKey{}, "another vault"),
		grantVectorOf(key.Bytes(), given, flipped(wrapped), GrantKey{}, "a bit changed"),
		grantVectorOf(key.Bytes(), given, wrapped[:len(wrapped)-1], GrantKey{}, "a byte missing"),
		grantVectorOf(key.Bytes(), unlike(func(a *Approved) { a.Client = "otherclientaaaaaaaaaaaaaaa" }), wrapped, GrantKey{}, "another vendor"),
		grantVectorOf(key.Bytes(), unlike(func(a *Approved) { a.Persona = "otherpersonaaaaaaaaaaaaaaa" }), wrapped, GrantKey{}, "another persona"),
		grantVectorOf(key.Bytes(), unlike(func(a *Approved) { a.Claims = []string{"address", "birthdate", "email"} }), wrapped, GrantKey{}, "a claim more"),
		grantVectorOf(key.Bytes(), unlike(func(a *Approved) { a.Claims = []string{"address"} }), wrapped, GrantKey{}, "a claim less"),
		grantVectorOf(key.Bytes(), once, wrapped, GrantKey{}, "does not follow the vault"),
		grantVectorOf(key.Bytes(), sealed, wrapped, GrantKey{}, "a key of the vendor's"),
		grantVectorOf(key.Bytes(), given, bare, GrantKey{}, "bound to nothing that was approved"),
		grantVectorOf(key.Bytes(), sealed, thumbed, GrantKey{}, "bound to nothing but the vendor's key"),
	}
	other := grantVectorOf(key.Bytes(), given, wrapped, GrantKey{}, "another account")
	other.Account = vectorOther
	another := grantVectorOf(key.Bytes(), given, wrapped, GrantKey{}, "another grant")
	another.Grant = "othergrantaaaaaaaaaaaaaaaa"
	v.Grants = append(v.Grants, other, another)
	share := counting(150)
	kept, err := WrapForSession(key, share, vectorAccount, vectorSession)
	if err != nil {
		t.Fatal(err)
	}
	commitment := bytes.Clone(kept)
	commitment[20] ^= 1
	v.Sessions = []sessionVector{
		{share, vectorAccount, vectorSession, kept, key.Bytes(), ""},
		{share, vectorOther, vectorSession, kept, nil, "another account"},
		{share, vectorAccount, "othersessionaaaaaaaaaaaaaa", kept, nil, "another session"},
		{counting(151), vectorAccount, vectorSession, kept, nil, "another share"},
		{make([]byte, 32), vectorAccount, vectorSession, kept, nil, "a share of zeros"},
		{share, vectorAccount, vectorSession, flipped(kept), nil, "a bit changed"},
		{share, vectorAccount, vectorSession, commitment, nil, "a bit of the commitment changed"},
		{share, vectorAccount, vectorSession, kept[:len(kept)-1], nil, "a byte missing"},
	}
}

func grantVectorOf(key hexBytes, said Approved, wrapped hexBytes, grantKey GrantKey, why string) grantVector {
	return grantVector{key, vectorAccount, vectorGrant, approvedVector(said), said.Digest(), wrapped, grantKey.Bytes(), why}
}

func makeContents(t *testing.T, v *vectors, key Key, grantKey GrantKey) {
	day := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	d := Document{Format: documentFormat, Personas: []Persona{{ID: "personaaaaaaaaaaaaaaaaaaaa", Name: "private", Created: day}}}
	for name, value := range map[string]string{
		"name": `"Ada Lovelace"`, "email": `"ada@example.org"`, "birthdate": `"1990-12-10"`,
		"address": `{"country":"DE","locality":"K\u00f6ln","street_address":"Am Markt 1\nHinterhaus"}`,
	} {
		if err := d.Set(d.Personas[0].ID, name, json.RawMessage(value), day); err != nil {
			t.Fatal(err)
		}
	}
	claims := ClaimsFor(d, d.Personas[0].ID, []string{"name", "email", "email_verified", "age_over_18", "locality"}, day)
	sealed, err := SealDocument(key, vectorAccount, 7, d)
	if err != nil {
		t.Fatal(err)
	}
	capsule, err := SealCapsule(grantKey, vectorAccount, vectorGrant, 2, claims)
	if err != nil {
		t.Fatal(err)
	}
	d.Revision = 7
	v.Docs = []documentVector{
		{key.Bytes(), vectorAccount, 7, sealed, string(jsonOf(t, d, nil)), ""},
		{key.Bytes(), vectorAccount, 6, sealed, "", "another revision"},
		{key.Bytes(), vectorOther, 7, sealed, "", "another account"},
		{key.Bytes(), vectorAccount, 7, flipped(sealed), "", "a bit changed"},
	}
	v.Capsules = []capsuleVector{
		{grantKey.Bytes(), vectorAccount, vectorGrant, 2, capsule, string(jsonOf(t, claims, nil)), ""},
		{grantKey.Bytes(), vectorAccount, vectorGrant, 1, capsule, "", "another revision"},
		{grantKey.Bytes(), vectorAccount, "othergrantaaaaaaaaaaaaaaaa", 2, capsule, "", "another grant"},
		{grantKey.Bytes(), vectorAccount, vectorGrant, 2, flipped(capsule), "", "a bit changed"},
	}
}

// counting is 32 bytes that count up from start.
func counting(start byte) []byte {
	out := make([]byte, seal.KeySize)
	for i := range out {
		out[i] = start + byte(i)
	}
	return out
}

// flipped is a copy with the last bit changed.
func flipped(b []byte) []byte {
	out := bytes.Clone(b)
	out[len(out)-1] ^= 1
	return out
}
