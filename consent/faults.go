package consent

import "github.com/meins-id/meins/internal/fault"

// What can be wrong with a request for consent.
var (
	// ErrClaims says that the claims parameter is not what OpenID Connect Core 5.5 describes.
	ErrClaims = fault.New(fault.Invalid, "claims-parameter-invalid", "the claims parameter is malformed")
	// ErrPurpose says that a purpose cannot be shown as it is.
	ErrPurpose = fault.New(fault.Invalid, "purpose-invalid", "a purpose has 3 to 300 characters and no control characters")
	// ErrDetails says that authorization details are not what DetailsType describes.
	ErrDetails = fault.New(fault.Invalid, "authorization-details-invalid", "the authorization details are malformed, or ask for something unknown")
	// ErrDuration says that a duration is none of ISO 8601.
	ErrDuration = fault.New(fault.Invalid, "duration-invalid", "a duration looks like P6M or P30D")
	// ErrRecipients says that a recipient is nobody in particular.
	ErrRecipients = fault.New(fault.Invalid, "recipients-unnamed", "each recipient is named; partners or third parties are nobody")
	// ErrParty says that nobody is named who asks.
	ErrParty = fault.New(fault.Invalid, "party-missing", "a request names who asks")
)

// What can be wrong with an approval.
var (
	// ErrStaleReview says that what was reviewed is not what is asked now.
	ErrStaleReview = fault.New(fault.Stale, "review-stale", "what is asked has changed since you reviewed it; please review it again")
	// ErrNotAsked says that the vendor did not ask for an approved claim.
	ErrNotAsked = fault.New(fault.Invalid, "claim-not-asked", "the vendor did not ask for this claim")
	// ErrNoPurpose says that a claim was approved for none of the purposes that it is asked for.
	ErrNoPurpose = fault.New(fault.Invalid, "purpose-missing", "a claim is approved for at least one of its purposes")
	// ErrMissingRequired says that the vendor cannot do without a claim that was not approved.
	ErrMissingRequired = fault.New(fault.Invalid, "claim-required", "the vendor requires a claim that was not approved")
	// ErrApproval says that an approval is malformed: an identifier, the capsule or the wrapped key.
	ErrApproval = fault.New(fault.Invalid, "approval-invalid", "the approval is malformed")
	// ErrTerms says that the terms in an approval are unknown, or lead to another outcome than was shown.
	ErrTerms = fault.New(fault.Invalid, "terms-disagree", "the terms are unknown, or what was agreed is not what comes of them")
	// ErrNotice says that the text that was shown cannot be kept.
	ErrNotice = fault.New(fault.Invalid, "notice-invalid", "the text that was shown is too long or has characters that cannot be shown")
	// ErrGrantExists says that the grant's identifier is taken.
	ErrGrantExists = fault.New(fault.Conflict, "grant-exists", "this consent exists already")
)

// What can be wrong with a change of a grant.
var (
	// ErrChange says that nothing, or nothing that is given, would be taken back.
	ErrChange = fault.New(fault.Invalid, "change-invalid", "there is nothing to take back")
	// ErrMessage says that a claim is taken back from an end-to-end grant without a new message.
	ErrMessage = fault.New(fault.Conflict, "message-missing", "what is encrypted for the vendor cannot be cut: this consent can only be withdrawn whole")
	// ErrEnd says that a grant cannot end then.
	ErrEnd = fault.New(fault.Invalid, "end-invalid", "a consent ends within the next twelve months")
)

// Why a grant does not serve.
var (
	// ErrNoGrant says that there is no such grant, or that it is somebody else's: nothing tells the
	// two apart.
	ErrNoGrant = fault.New(fault.NotFound, "grant-unknown", "there is no such consent")
	// ErrWithdrawn says that the customer ended the grant, or the vendor is gone.
	ErrWithdrawn = fault.New(fault.Denied, "grant-withdrawn", "this consent was withdrawn")
	// ErrExpired says that the grant is past its end.
	ErrExpired = fault.New(fault.Denied, "grant-expired", "this consent has expired")
	// ErrPaused says that the customer lets nothing out for the time being.
	ErrPaused = fault.New(fault.Denied, "grant-paused", "this consent is paused")
	// ErrNotGranted says that a read wants what the grant does not give.
	ErrNotGranted = fault.New(fault.Denied, "claim-not-granted", "the customer has not approved this")
	// ErrWhole says that a read is for less than an end-to-end message holds, which cannot be cut.
	ErrWhole = fault.New(fault.Denied, "claims-partial", "what is encrypted for the vendor is read whole or not at all")
	// ErrLogUnavailable says that reads cannot be recorded, so that nothing is released.
	ErrLogUnavailable = fault.New(fault.Unavailable, "read-log-unavailable", "reads cannot be recorded at the moment, so nothing is released")
	// ErrNoPermit says that a release was tried without a permit.
	ErrNoPermit = fault.New(fault.Denied, "no-permit", "nothing permits this release")
	// ErrSpent says that a permit was used before: each release is a read of its own.
	ErrSpent = fault.New(fault.Denied, "permit-spent", "this permit was used before")
	// ErrReading says that a read names no kind that this program knows.
	ErrReading = fault.New(fault.Internal, "reading-invalid", "the read is malformed")
)

// What can be wrong with a request for deletion.
var (
	// ErrNoErasure says that nothing was asked to be deleted.
	ErrNoErasure = fault.New(fault.NotFound, "erasure-unknown", "you have not asked for deletion")
	// ErrOutcome says that an answer is none.
	ErrOutcome = fault.New(fault.Invalid, "erasure-outcome", "a request for deletion is fulfilled or denied")
	// ErrWords says that a vendor denies without a reason, or gives one that cannot be shown.
	ErrWords = fault.New(fault.Invalid, "erasure-reason", "who denies deletion says why, in 3 to 500 characters")
	// ErrVendorAnswered keeps the customer's note from replacing what the vendor said itself.
	ErrVendorAnswered = fault.New(fault.Conflict, "erasure-answered", "the vendor has answered this itself")
)

// ErrNoReceipt says that the account has no receipt of this number.
var ErrNoReceipt = fault.New(fault.NotFound, "receipt-unknown", "there is no such receipt")

// ErrChain says that receipts do not lead back from a head: one was altered, dropped or put in.
var ErrChain = fault.New(fault.Internal, "receipts-broken", "the receipts do not fit together")

// What can be wrong with saving or reading a vault.
var (
	// ErrStaleRevision says that somebody else saved in between.
	ErrStaleRevision = fault.New(fault.Stale, "stale-revision", "your vault was changed elsewhere; please load it again")
	// ErrNoRevision says that this revision is not kept.
	ErrNoRevision = fault.New(fault.NotFound, "revision-unknown", "this revision of your vault is not kept")
	// ErrDocument says that there is no sealed document to save.
	ErrDocument = fault.New(fault.Invalid, "document-missing", "there is no document to save")
	// ErrCapsule says that a capsule to be saved is empty.
	ErrCapsule = fault.New(fault.Invalid, "capsule-missing", "there is no capsule to save")
	// ErrPace says that reminders come yearly, every 90 days, or never.
	ErrPace = fault.New(fault.Invalid, "pace-invalid", "reminders come yearly, quarterly or never")
	// ErrForgotten says that the account was deleted.
	ErrForgotten = fault.New(fault.NotFound, "account-forgotten", "this account was deleted")
	// ErrCursor says that a place in a list is none that the list gave.
	ErrCursor = fault.New(fault.Invalid, "cursor-invalid", "this place in the list is unknown")
)
