//go:build !js

package seal

import "golang.org/x/text/unicode/norm"

// compose is NFKC (Unicode Standard Annex 15), so that the same text typed on another keyboard gives
// the same key.
func compose(passphrase string) []byte { return norm.NFKC.Bytes([]byte(passphrase)) }
