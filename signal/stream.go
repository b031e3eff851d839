package signal

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/internal/outbox"
)

// Method is how events reach the vendor.
type Method string

// The methods (SSF 1.0, 6.1).
const (
	Push Method = "urn:ietf:rfc:8935"
	Poll Method = "urn:ietf:rfc:8936"
)

// Status says whether events flow (SSF 1.0, 8.1.2). The zero Status is none.
type Status string

// The statuses.
const (
	Enabled  Status = "enabled"
	Paused   Status = "paused"   // events wait
	Disabled Status = "disabled" // events are not kept
)

// Bounds of what a vendor may configure.
const (
	maxDescription   = 200
	maxRequested     = 100
	maxAuthorization = 4 << 10
	maxReason        = 200
	maxState         = 1 << 10

	// MinVerification is how long a vendor waits between two verifications.
	MinVerification = 10 * time.Second
)

// Config is what a vendor says about its stream.
type Config struct {
	Method        Method
	Endpoint      string // where events are pushed to; empty for Poll
	Authorization string // the Authorization header of each push; a secret of the vendor's
	Requested     []string
	Description   string
}

// String hides the vendor's secret.
func (Config) String() string { return redacted }

// GoString hides it too.
func (Config) GoString() string { return redacted }

// Format hides it under every verb.
func (Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) } // fmt.State keeps no error

// LogValue hides it from logs.
func (Config) LogValue() slog.Value { return slog.StringValue(redacted) }

const redacted = "[redacted]"

// Stream is the way on which one vendor is told things.
type Stream struct {
	ID      id.Stream
	Client  id.Client
	Created time.Time
	Status  Status
	Reason  string // of the status, as the vendor gave it
	Config
}

// Delivered are the types of events that the vendor gets: those that it asks for and that exist.
func (s Stream) Delivered() []string {
	all := []string{}
	for _, k := range wanted(s.Requested) {
		all = append(all, uris[k])
	}
	return all
}

// Create gives the vendor its stream. It hears of what happens from now on.
func (t *Transmitter) Create(ctx context.Context, client id.Client, c Config) (Stream, error) {
	if err := t.check(&c); err != nil {
		return Stream{}, fmt.Errorf("create stream: %w", err)
	}
	s := Stream{ID: id.New[id.Stream](), Client: client, Created: t.now(), Status: Enabled, Config: c}
	if err := t.create(ctx, s); err != nil {
		return Stream{}, fmt.Errorf("create stream: %w", err)
	}
	return s, nil
}

// Stream finds the vendor's stream; ErrNoStream when there is none.
func (t *Transmitter) Stream(ctx context.Context, client id.Client) (Stream, error) {
	s, err := t.read(ctx, client)
	if err != nil {
		return Stream{}, fmt.Errorf("stream: %w", err)
	}
	return s, nil
}

// Condition may refuse a change because of what the stream is now. It runs in the transaction of the
// change, perhaps more than once.
type Condition func(now Stream) error

func holds(now Stream, all []Condition) error {
	for _, condition := range all {
		if err := condition(now); err != nil {
			return err
		}
	}
	return nil
}

// Audience is the vendor's name in its events: the client_id that it knows.
func (t *Transmitter) Audience(ctx context.Context, client id.Client) (string, error) {
	v, err := t.o.Vendors.Get(ctx, client)
	if err != nil {
		return "", fmt.Errorf("audience of a stream: %w", err)
	}
	return v.ClientID(), nil
}

// Configure replaces what the vendor said about its stream by what becomes of it. Like a Condition, change
// runs in the transaction: nothing that somebody else says meanwhile is lost.
func (t *Transmitter) Configure(ctx context.Context, client id.Client, stream id.Stream, change func(now Stream) (Config, error)) (Stream, error) {
	s, err := t.change(ctx, client, stream, func(s *Stream) error {
		c, err := change(*s)
		if err == nil {
			err = t.check(&c)
		}
		if err != nil {
			return err
		}
		s.Config = c
		return nil
	})
	if err != nil {
		return Stream{}, fmt.Errorf("configure stream: %w", err)
	}
	return s, nil
}

// SetStatus lets events flow, wait, or be dropped.
func (t *Transmitter) SetStatus(ctx context.Context, client id.Client, stream id.Stream, status Status, reason string, only ...Condition) (Stream, error) {
	if status != Enabled && status != Paused && status != Disabled {
		return Stream{}, ErrStatus
	}
	if !isText(reason, maxReason) {
		return Stream{}, ErrStream
	}
	s, err := t.change(ctx, client, stream, func(s *Stream) error {
		if err := holds(*s, only); err != nil {
			return err
		}
		s.Status, s.Reason = status, reason
		return nil
	})
	if err != nil {
		return Stream{}, fmt.Errorf("set status of stream: %w", err)
	}
	return s, nil
}

// Verify puts an event into the stream that repeats the vendor's state (SSF 1.0, 8.1.4).
func (t *Transmitter) Verify(ctx context.Context, client id.Client, stream id.Stream, state string) error {
	if len(state) > maxState || !utf8.ValidString(state) {
		return ErrStream
	}
	e := outbox.Event{ID: id.New[id.Event](), Kind: outbox.Verification, Time: t.now(), Detail: state}
	if err := t.verify(ctx, client, stream, e); err != nil {
		return fmt.Errorf("verify stream: %w", err)
	}
	return nil
}

// Delete ends the vendor's stream and drops what it was not told.
func (t *Transmitter) Delete(ctx context.Context, client id.Client, stream id.Stream, only ...Condition) error {
	if err := t.remove(ctx, client, stream, only...); err != nil {
		return fmt.Errorf("delete stream: %w", err)
	}
	return nil
}

// Forget ends the stream of a vendor that is removed, if it has one.
func (t *Transmitter) Forget(ctx context.Context, client id.Client) error {
	if err := t.remove(ctx, client, ""); err != nil {
		return fmt.Errorf("forget stream: %w", err)
	}
	return nil
}

// check refuses what cannot be a configuration, and completes it.
func (t *Transmitter) check(c *Config) error {
	switch c.Method {
	case Push:
		if len(c.Endpoint) > maxEndpoint || t.o.Out.Check(c.Endpoint) != nil {
			return ErrEndpoint
		}
	case Poll:
		if c.Endpoint != "" || c.Authorization != "" {
			return ErrStream
		}
	default:
		return ErrStream
	}
	if !isText(c.Description, maxDescription) || len(c.Requested) > maxRequested ||
		len(c.Authorization) > maxAuthorization || strings.ContainsFunc(c.Authorization, notHeader) {
		return ErrStream
	}
	if len(c.Requested) == 0 {
		c.Requested = Supported()
	}
	for _, uri := range c.Requested {
		if len(uri) > maxEndpoint {
			return ErrStream
		}
	}
	return nil
}

// maxEndpoint bounds addresses.
const maxEndpoint = 2000

// notHeader finds what cannot stand in the value of a header.
func notHeader(r rune) bool { return r < ' ' || r > '~' }

// isText accepts a short text without controls, also none.
func isText(s string, limit int) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= limit && !strings.ContainsFunc(s, unicode.IsControl)
}
