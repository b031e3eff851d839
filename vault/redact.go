package vault

import (
	"fmt"
	"io"
)

// redacted is all that secrets and personal values ever print. Format covers every verb of fmt;
// String and GoString are there for those who call them themselves, and for Document, whose field
// Format leaves no room for the method.
const redacted = "[redacted]"

func redact(f fmt.State) { _, _ = io.WriteString(f, redacted) } // fmt.State keeps no error

// String hides the secret.
func (Secret) String() string { return redacted }

// GoString hides the secret.
func (Secret) GoString() string { return redacted }

// Format hides the secret under every verb.
func (Secret) Format(f fmt.State, _ rune) { redact(f) }

// MarshalJSON hides the secret.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// String hides the code; Text shows it.
func (RecoveryCode) String() string { return redacted }

// GoString hides the code.
func (RecoveryCode) GoString() string { return redacted }

// Format hides the code under every verb.
func (RecoveryCode) Format(f fmt.State, _ rune) { redact(f) }

// MarshalJSON hides the code.
func (RecoveryCode) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// String hides the values.
func (Claims) String() string { return redacted }

// GoString hides the values.
func (Claims) GoString() string { return redacted }

// Format hides the values under every verb.
func (Claims) Format(f fmt.State, _ rune) { redact(f) }

// String hides the values.
func (Document) String() string { return redacted }

// GoString hides the values.
func (Document) GoString() string { return redacted }

// String hides the values.
func (Persona) String() string { return redacted }

// GoString hides the values.
func (Persona) GoString() string { return redacted }

// Format hides the values under every verb.
func (Persona) Format(f fmt.State, _ rune) { redact(f) }

// String hides the value.
func (Attribute) String() string { return redacted }

// GoString hides the value.
func (Attribute) GoString() string { return redacted }

// Format hides the value under every verb.
func (Attribute) Format(f fmt.State, _ rune) { redact(f) }
