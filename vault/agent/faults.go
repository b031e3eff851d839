package agent

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/meins-id/meins/internal/fault"
)

// What the agent itself refuses. What the server refuses is a *Problem, and what is wrong with a
// value, a passphrase or a key is a fault of vault or vault/seal.
var (
	// ErrSignedOut says that nobody is signed in.
	ErrSignedOut = fault.New(fault.Unauthenticated, "no-session", "you are not signed in")
	// ErrLocked says that somebody is signed in, and the vault needs the passphrase.
	ErrLocked = fault.New(fault.Denied, "vault-locked", "your vault is locked; unlock it with your passphrase")
	// ErrMustRenew says that a login by recovery code must first choose a new passphrase and code.
	ErrMustRenew = fault.New(fault.Denied, "must-renew", "choose a new passphrase and a new recovery code first")
	// ErrWeak refuses a passphrase that is guessed too easily.
	ErrWeak = fault.New(fault.Invalid, "passphrase-weak", "this passphrase is too easy to guess; use more words, or less common ones")
	// ErrNothingPrepared says that a confirmation comes without what it would confirm.
	ErrNothingPrepared = fault.New(fault.Conflict, "nothing-prepared", "there is nothing to confirm; please start again")
	// ErrOtherCode says that the recovery code that was typed is not the one that was shown.
	ErrOtherCode = fault.New(fault.Invalid, "recovery-code-differs", "this is not the recovery code that was shown to you")
	// ErrRolledBack warns that the server shows an older vault than this agent has seen.
	ErrRolledBack = fault.New(fault.Conflict, "vault-rolled-back", "the server shows an older state of your vault than this device has seen")
	// ErrBusy says that the vault was changed elsewhere again and again while this change was tried.
	ErrBusy = fault.New(fault.Conflict, "vault-busy", "your vault is being changed elsewhere; please try again")
	// ErrStaleReview says that what is asked, or what would be released, is not what was shown.
	ErrStaleReview = fault.New(fault.Stale, "review-stale", "what is asked has changed since you reviewed it; please review it again")
	// ErrNotAsked says that a claim is to be approved which the vendor did not ask for.
	ErrNotAsked = fault.New(fault.Invalid, "claim-not-asked", "the vendor did not ask for this claim")
	// ErrNever says that a claim is to be approved which the persona never shares.
	ErrNever = fault.New(fault.Denied, "claim-never", "you decided never to share this")
	// ErrPersonaInUse says that a persona cannot be removed while vendors know it.
	ErrPersonaInUse = fault.New(fault.Conflict, "persona-in-use", "this persona has consents in force; withdraw them first")
	// ErrReceiptsDiffer warns that the server's record of decisions is not what this agent has seen.
	ErrReceiptsDiffer = fault.New(fault.Conflict, "receipts-differ", "the server's record of your decisions is not the one that this device has seen")
	// ErrReceiptsShorter warns that there are fewer decisions in the server's record than this agent has seen.
	ErrReceiptsShorter = fault.New(fault.Conflict, "receipts-shorter", "the server's record of your decisions is shorter than the one that this device has seen")
	// ErrReceiptsUnsigned warns that the server does not stand for the record that it shows.
	ErrReceiptsUnsigned = fault.New(fault.Conflict, "receipts-unsigned", "the server does not sign the record of your decisions that it shows")
	// ErrNoReview says that the request does not wait for a decision.
	ErrNoReview = fault.New(fault.Conflict, "nothing-to-review", "this request does not wait for your decision")
	// ErrNoResume says that no consent in force covers the request.
	ErrNoResume = fault.New(fault.Conflict, "nothing-to-resume", "no consent in force covers this request")
	// ErrSignIn says that the vendor wants the customer to sign in first, or once more.
	ErrSignIn = fault.New(fault.Unauthenticated, "sign-in-required", "sign in again to continue")
	// ErrCall says that a method or its parameters are unknown.
	ErrCall = fault.New(fault.Invalid, "call-invalid", "the agent does not understand this call")
	// ErrAnswer says that the server's answer is not what the API promises.
	ErrAnswer = fault.New(fault.Unavailable, "answer-invalid", "the server's answer makes no sense")
	// ErrUnreachable says that the server does not answer. Transports return it.
	ErrUnreachable = fault.New(fault.Unavailable, "server-unreachable", "the server does not answer")
)

// Problem is a refusal by the server. Code is stable and for programs; Title is for people.
type Problem struct {
	Status     int    `json:"status"`
	Code       string `json:"code"`
	Title      string `json:"title"`
	RetryAfter int    `json:"retry_after,omitempty"` // seconds to wait, with status 429
}

// Error gives the public text.
func (p *Problem) Error() string { return p.Title }

// HTTP statuses that the agent tells apart; net/http is too large for a browser.
const (
	statusUnauthenticated = 401
	statusStale           = 412
	firstRefusal          = 400
)

// Describe turns any error into what a page or a program is told: the server's own refusal as it
// is, a fault by its code, and anything else as an internal mistake without its text.
func Describe(err error) Problem {
	var p *Problem
	if errors.As(err, &p) {
		return *p
	}
	f := fault.Of(err)
	if f == nil {
		return Problem{}
	}
	return Problem{Code: f.Code, Title: f.Text}
}

// refused says that the server answered with this status.
func refused(err error, status int) bool {
	var p *Problem
	return errors.As(err, &p) && p.Status == status
}

// ReadAnswer turns what came back over HTTP into out, or into the *Problem that it is. It serves
// transports.
func ReadAnswer(status int, body []byte, out any) error {
	if status >= firstRefusal {
		return problem(status, body)
	}
	if out == nil || len(body) == 0 {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return ErrAnswer.Because(err)
	}
	return nil
}

// problem reads a problem document (RFC 9457). Whatever else comes with such a status, from a proxy
// perhaps, is a problem without a code.
func problem(status int, body []byte) *Problem {
	var document struct {
		Type       string `json:"type"`
		Title      string `json:"title"`
		RetryAfter int    `json:"retry_after"`
	}
	if json.Unmarshal(body, &document) != nil || document.Type == "" {
		return &Problem{Status: status, Code: ErrAnswer.Code, Title: ErrAnswer.Text}
	}
	code := document.Type[strings.LastIndexByte(document.Type, '/')+1:]
	return &Problem{Status: status, Code: code, Title: document.Title, RetryAfter: document.RetryAfter}
}
