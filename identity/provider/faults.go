package provider

import "github.com/meins-id/meins/internal/fault"

var (
	// ErrFlow says that the flow parameter is not one that this provider sealed, or that the vendor
	// has been changed so that it no longer fits.
	ErrFlow = fault.New(fault.Invalid, "flow-invalid", "this sign-in request is damaged or no longer valid; start again at the site you came from")
	// ErrFlowExpired says that the customer took longer than the request lives.
	ErrFlowExpired = fault.New(fault.Invalid, "flow-expired", "this sign-in request is too old; start again at the site you came from")
	// ErrSignIn says that the vendor asked for a fresh login and the session is older than that.
	ErrSignIn = fault.New(fault.Unauthenticated, "sign-in-required", "sign in again to continue")
	// ErrReview says that the grant in force does not cover what the vendor asks: the customer must look.
	ErrReview = fault.New(fault.Stale, "review-required", "the site asks for something you have not decided on yet")
	// ErrReason says that Fail was called with a reason that is not one of the two.
	ErrReason = fault.New(fault.Invalid, "reason-invalid", "this is no reason to give a sign-in request up")
	// ErrLater says that a vendor wants to keep a request for later that could not be sent.
	ErrLater = fault.New(fault.Invalid, "request-invalid", "a customer could not be sent with this request")
	// ErrLaterWaits says that the customer has not answered the one before.
	ErrLaterWaits = fault.New(fault.Conflict, "request-waits", "another request waits for this customer")
	// ErrNoLater says that no such request waits, or not any more.
	ErrNoLater = fault.New(fault.NotFound, "request-unknown", "there is no such request")
	// ErrPersona says that no persona was named, or that its name has not the form of one.
	ErrPersona = fault.New(fault.Invalid, "persona-invalid", "this is not the name of a persona")
	// ErrUserCode says that no device shows this code, or not any more.
	ErrUserCode = fault.New(fault.NotFound, "user-code-unknown", "no device waits with this code; look at it once more, or begin anew on the device")
)
