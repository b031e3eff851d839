package identity

import (
	"time"

	"github.com/meins-id/meins/internal/fault"
)

// What can go wrong at the door.
var (
	// ErrLoginInvalid refuses what cannot be a login name.
	ErrLoginInvalid = fault.New(fault.Invalid, "login-invalid", "a login name has 3 to 254 characters and no control characters")
	// ErrLoginTaken is the one answer that tells whether a login exists; nobody can sign up without it.
	ErrLoginTaken = fault.New(fault.Conflict, "login-taken", "this login name is taken")
	// ErrAccountTaken says that the identifier that the agent drew exists already.
	ErrAccountTaken = fault.New(fault.Conflict, "account-taken", "this account exists already")
	// ErrWrongLogin is the answer to an unknown login and to a wrong secret alike.
	ErrWrongLogin = fault.New(fault.Unauthenticated, "wrong-login", "the login name or the secret is wrong")
	// ErrSlowDown asks to wait; the error in whose chain it is, is a SlowDown and says how long.
	ErrSlowDown = fault.New(fault.TooMany, "slow-down", "too many attempts; wait a moment and try again")
)

// What can go wrong with slots and secrets.
var (
	// ErrWeakStretch refuses passphrase parameters other than the server's own; see AccountOptions.Stretch.
	ErrWeakStretch = fault.New(fault.Invalid, "weak-stretch", "the passphrase must be stretched with this server's parameters")
	// ErrSlots refuses slots that are malformed or not the kinds that are needed.
	ErrSlots = fault.New(fault.Invalid, "slots-invalid", "the key slots are not the ones that are needed here")
	// ErrSameSecret refuses a "new" recovery code that is the old one.
	ErrSameSecret = fault.New(fault.Invalid, "same-secret", "the recovery code must be a new one")
	// ErrWrongSecret says that the present secret, which a change needs, is wrong. It is not
	// Unauthenticated: the session is still good.
	ErrWrongSecret = fault.New(fault.Denied, "wrong-secret", "the passphrase or recovery code is wrong")
)

// What can go wrong with accounts and sessions.
var (
	// ErrNoAccount says that the account is gone.
	ErrNoAccount = fault.New(fault.NotFound, "account-unknown", "there is no such account")
	// ErrNoSession says that nobody is signed in with this.
	ErrNoSession = fault.New(fault.Unauthenticated, "no-session", "you are not signed in")
	// ErrMustRenew says that a login by recovery code must first choose a new passphrase and code.
	ErrMustRenew = fault.New(fault.Denied, "must-renew", "choose a new passphrase and a new recovery code first")
	// ErrNothingToRenew says that the session did not come from a recovery code.
	ErrNothingToRenew = fault.New(fault.Conflict, "nothing-to-renew", "this session needs no renewal")
)

// What can go wrong with vendors.
var (
	// ErrNoVendor says that there is no such client, or no longer.
	ErrNoVendor = fault.New(fault.NotFound, "vendor-unknown", "there is no such vendor")
	// ErrVendorExists says that the chosen client identifier is in use.
	ErrVendorExists = fault.New(fault.Conflict, "vendor-exists", "this vendor exists already")
	// ErrVendorInvalid refuses a vendor; the error in whose chain it is, is an InvalidVendor and
	// lists every mistake.
	ErrVendorInvalid = fault.New(fault.Invalid, "vendor-invalid", "the vendor's details are not valid")
	// ErrOwnTerms says that a vendor which registered itself says itself what it accepts.
	ErrOwnTerms = fault.New(fault.Conflict, "vendor-own-terms", "this vendor registered itself: it says itself which terms it accepts")
	// ErrNoSecret says that this vendor proves itself without a secret.
	ErrNoSecret = fault.New(fault.Conflict, "vendor-no-secret", "this vendor has no secret")
)

// SlowDown is ErrSlowDown with the time to wait.
type SlowDown struct{ RetryAfter time.Duration }

// Error gives the public text.
func (s *SlowDown) Error() string { return ErrSlowDown.Text }

// Unwrap makes it an ErrSlowDown.
func (s *SlowDown) Unwrap() error { return ErrSlowDown }
