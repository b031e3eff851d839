package signal

import "github.com/meins-id/meins/internal/fault"

// What can go wrong with a stream.
var (
	// ErrNoStream says that the vendor has no stream of this name.
	ErrNoStream = fault.New(fault.NotFound, "stream-unknown", "there is no such event stream")
	// ErrStreamExists says that the vendor has a stream already: one is all it needs.
	ErrStreamExists = fault.New(fault.Conflict, "stream-exists", "this vendor has an event stream already")
	// ErrStream refuses a configuration that is malformed or asks for something else than is offered.
	ErrStream = fault.New(fault.Invalid, "stream-invalid", "the event stream's configuration is not valid")
	// ErrEndpoint refuses an address that events cannot be pushed to.
	ErrEndpoint = fault.New(fault.Invalid, "stream-endpoint", "events cannot be pushed to this address")
	// ErrStatus refuses a status that is none of enabled, paused and disabled.
	ErrStatus = fault.New(fault.Invalid, "stream-status", "the status is one of enabled, paused, disabled")
	// ErrDisabled says that nothing is told on the stream until it is enabled.
	ErrDisabled = fault.New(fault.Conflict, "stream-disabled", "this event stream is disabled")
	// ErrTooSoon says that a verification was asked for a moment ago.
	ErrTooSoon = fault.New(fault.TooMany, "verification-too-soon", "a verification was asked for a moment ago")
	// ErrNotPolled says that the stream's events are pushed, or held back.
	ErrNotPolled = fault.New(fault.Denied, "stream-not-polled", "this event stream is not one to poll")
)
