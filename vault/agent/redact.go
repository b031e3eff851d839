package agent

// What carries a proof, a share or a grant key prints as nothing. The types are generated; their
// methods are here.

const redacted = "[redacted]"

// String hides the secret.
func (NewSlot) String() string { return redacted }

// GoString hides the secret.
func (NewSlot) GoString() string { return redacted }

// String hides the secret.
func (NewAccount) String() string { return redacted }

// GoString hides the secret.
func (NewAccount) GoString() string { return redacted }

// String hides the secret.
func (CurrentAuth) String() string { return redacted }

// GoString hides the secret.
func (CurrentAuth) GoString() string { return redacted }

// String hides the secret.
func (SlotChange) String() string { return redacted }

// GoString hides the secret.
func (SlotChange) GoString() string { return redacted }

// String hides the secret.
func (Renewal) String() string { return redacted }

// GoString hides the secret.
func (Renewal) GoString() string { return redacted }

// String hides the secret.
func (Login) String() string { return redacted }

// GoString hides the secret.
func (Login) GoString() string { return redacted }

// String hides the secret.
func (Reauthentication) String() string { return redacted }

// GoString hides the secret.
func (Reauthentication) GoString() string { return redacted }

// String hides the secret.
func (LoginAnswer) String() string { return redacted }

// GoString hides the secret.
func (LoginAnswer) GoString() string { return redacted }

// String hides the secret.
func (SessionAnswer) String() string { return redacted }

// GoString hides the secret.
func (SessionAnswer) GoString() string { return redacted }

// String hides the secret.
func (Session) String() string { return redacted }

// GoString hides the secret.
func (Session) GoString() string { return redacted }

// String hides the secret.
func (Approval) String() string { return redacted }

// GoString hides the secret.
func (Approval) GoString() string { return redacted }

// String hides the secret.
func (Resumption) String() string { return redacted }

// GoString hides the secret.
func (Resumption) GoString() string { return redacted }

// String hides the secret.
func (NewToken) String() string { return redacted }

// GoString hides the secret.
func (NewToken) GoString() string { return redacted }

// String hides the secret.
func (MadeToken) String() string { return redacted }

// GoString hides the secret.
func (MadeToken) GoString() string { return redacted }
