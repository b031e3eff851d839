package fault

import "errors"

// Kind says what sort of thing went wrong. The zero Kind is Internal: what nobody classified is
// our mistake, and its text is not shown.
type Kind int

// The kinds.
const (
	Internal        Kind = iota // a mistake of ours
	Invalid                     // the input is malformed or breaks a rule
	Unauthenticated             // nobody is signed in, or the proof is wrong
	Denied                      // known who, not allowed
	NotFound                    // no such thing, or not yours
	Conflict                    // the state of the thing does not permit it
	Stale                       // the caller decided on an older state
	TooLarge                    // more bytes than permitted
	Mismatch                    // well-formed, and not what it must agree with
	TooMany                     // slow down
	Unavailable                 // a part that is needed does not answer
)

// statuses are plain numbers: the browser's agent shares this package, and would pay for net/http.
var statuses = [...]int{
	Internal: 500, Invalid: 400, Unauthenticated: 401, Denied: 403, NotFound: 404, Conflict: 409,
	Stale: 412, TooLarge: 413, Mismatch: 422, TooMany: 429, Unavailable: 503,
}

// Status is the HTTP status (RFC 9110, 15) that API and pages answer a fault of this kind with.
func (k Kind) Status() int {
	if k < 0 || int(k) >= len(statuses) {
		return statuses[Internal]
	}
	return statuses[k]
}

// Error is a fault: Code is stable and for programs ("grant-withdrawn"), Text is a short sentence
// for people, in English; pages translate by Code.
type Error struct {
	Kind Kind
	Code string
	Text string
}

// New declares a fault; call it for package variables.
func New(kind Kind, code, text string) *Error {
	return &Error{Kind: kind, Code: code, Text: text}
}

// Error gives the public text.
func (e *Error) Error() string { return e.Text }

// Because attaches the cause for the log. The result is still the fault e under errors.Is, and its
// public text is unchanged.
func (e *Error) Because(cause error) error { return &caused{fault: e, cause: cause} }

// caused is a fault with the reason that only the log may see.
type caused struct {
	fault *Error
	cause error
}

func (c *caused) Error() string   { return c.fault.Text + ": " + c.cause.Error() }
func (c *caused) Unwrap() []error { return []error{c.fault, c.cause} }

// internal is what every unclassified error becomes.
var internal = New(Internal, "internal", "something went wrong on our side")

// Of returns the fault in err's chain, or the internal fault when there is none. It returns nil
// for a nil err.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	var f *Error
	if errors.As(err, &f) {
		return f
	}
	return internal
}
