package vault

import "github.com/meins-id/meins/internal/fault"

// What can be wrong with keys and sealed bytes.
var (
	// ErrWrongSecret says that this secret does not open this slot.
	ErrWrongSecret = fault.New(fault.Unauthenticated, "wrong-secret", "the passphrase or recovery code is wrong")
	// ErrRecoveryCode says that a text cannot be a recovery code; its check character finds every
	// single wrong character.
	ErrRecoveryCode = fault.New(fault.Invalid, "recovery-code-malformed", "this is not a recovery code; compare it letter by letter")
	// ErrSealed says that sealed bytes are damaged, of another object, or under another key.
	ErrSealed = fault.New(fault.Internal, "sealed-unreadable", "the sealed data cannot be opened")
	// ErrTooLarge says that the sealed document or capsule would pass its limit.
	ErrTooLarge = fault.New(fault.TooLarge, "vault-too-large", "the vault would be larger than permitted")
	// ErrMessage says that what should be an encrypted response is none.
	ErrMessage = fault.New(fault.Invalid, "message-invalid", "this is not an encrypted response")
	// ErrFormat says that a newer program wrote this document.
	ErrFormat = fault.New(fault.Conflict, "document-format-unknown", "a newer version of meins wrote this vault; update this program")
	// ErrNoPersona says that the document has no such persona.
	ErrNoPersona = fault.New(fault.NotFound, "persona-unknown", "there is no such persona in your vault")
	// ErrPersonaName says that another persona has this name.
	ErrPersonaName = fault.New(fault.Conflict, "persona-name-taken", "another of your personas has this name")
	// ErrBasePersona says that something cannot be done with the persona that others inherit from.
	ErrBasePersona = fault.New(fault.Conflict, "persona-base", "your first persona cannot be removed, and inherits from nobody")
	// ErrRules says that two standing decisions contradict each other.
	ErrRules = fault.New(fault.Invalid, "rules-contradict", "the same claim cannot be shared always and never")
)

// What can be wrong with a value; one code for each, so that pages can say it in any language.
var (
	ErrName            = fault.New(fault.Invalid, "attribute-name-invalid", "a name is a lower-case letter followed by up to 63 lower-case letters, digits or underscores")
	ErrReserved        = fault.New(fault.Invalid, "attribute-name-reserved", "this name belongs to the protocol and cannot hold a value of yours")
	ErrDerived         = fault.New(fault.Invalid, "attribute-derived", "this value follows from others and cannot be set")
	ErrValueType       = fault.New(fault.Invalid, "attribute-type", "this value is of the wrong type")
	ErrValueEmpty      = fault.New(fault.Invalid, "attribute-empty", "this value is empty; remove it instead")
	ErrValueTooLong    = fault.New(fault.Invalid, "attribute-too-long", "this value is too long")
	ErrValueCharacter  = fault.New(fault.Invalid, "attribute-character", "this value contains a control character")
	ErrEmail           = fault.New(fault.Invalid, "attribute-email", "this does not look like an e-mail address")
	ErrPhone           = fault.New(fault.Invalid, "attribute-phone", "this does not look like a telephone number")
	ErrURL             = fault.New(fault.Invalid, "attribute-url", "this does not look like a web address that begins with https:// or http://")
	ErrDate            = fault.New(fault.Invalid, "attribute-date", "a date is written like 1984-02-29 and exists in the calendar since 1900")
	ErrDateFuture      = fault.New(fault.Invalid, "attribute-date-future", "this date lies in the future")
	ErrLocale          = fault.New(fault.Invalid, "attribute-locale", "a language is written like de or en-GB")
	ErrZone            = fault.New(fault.Invalid, "attribute-zone", "a time zone is written like Europe/Berlin")
	ErrAddressMember   = fault.New(fault.Invalid, "attribute-address-member", "an address has only street_address, locality, region, postal_code, country and formatted")
	ErrPlaceMember     = fault.New(fault.Invalid, "attribute-place-member", "a place has only locality, region and country")
	ErrCountry         = fault.New(fault.Invalid, "attribute-country", "a country is written in two or three letters, like DE or DEU")
	ErrIBAN            = fault.New(fault.Invalid, "attribute-iban", "this is not an IBAN; compare it digit by digit")
	ErrVAT             = fault.New(fault.Invalid, "attribute-vat", "this is not a VAT number; it begins with the country's letters, like DE136695976")
	ErrHours           = fault.New(fault.Invalid, "attribute-hours", "hours are written like Mo-Fr 09:00-17:00")
	ErrChoice          = fault.New(fault.Invalid, "attribute-choice", "this is not one of the possible answers")
	ErrTooMany         = fault.New(fault.Invalid, "attribute-too-many", "a list holds at most 20 things")
	ErrCapsuleContents = fault.New(fault.Invalid, "capsule-contents", "a capsule holds claims only")
)
