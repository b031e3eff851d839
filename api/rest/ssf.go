package rest

import (
	"context"
	"errors"
	"net/http"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/signal"
)

// SignalMetadata says where vendors find what belongs to events (SSF 1.0, 7.1).
func (s *REST) SignalMetadata(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, http.StatusOK, s.o.Signals.Metadata("/oauth/keys"), nil)
}

// CreateStream lets the vendor listen to what happens.
func (s *REST) CreateStream(w http.ResponseWriter, r *http.Request, _ CreateStreamParams) {
	in, client, err := fromVendor[StreamConfig](s, w, r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if in.StreamID != "" {
		s.fail(w, r, signal.ErrStream)
		return
	}
	c := keyed{who: byVendor(client), name: "createStream", in: in, status: http.StatusCreated}
	once(s, w, r, c, func(ctx context.Context) (Stream, error) {
		made, err := s.o.Signals.Create(ctx, client, configOf(in, signal.Config{}))
		if err != nil {
			return Stream{}, err
		}
		aud, err := s.o.Signals.Audience(ctx, client)
		return s.streamOut(made, aud), err
	})
}

// GetStream gives the vendor's stream, or the list of all that it has.
func (s *REST) GetStream(w http.ResponseWriter, r *http.Request, params GetStreamParams) {
	client, aud, err := s.listener(w, r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	found, err := s.stream(r.Context(), client, params.StreamID)
	switch {
	case params.StreamID != "":
		s.answer(w, r, http.StatusOK, s.streamOut(found, aud), err)
	case errors.Is(err, signal.ErrNoStream):
		s.answer(w, r, http.StatusOK, []Stream{}, nil)
	default:
		s.answer(w, r, http.StatusOK, []Stream{s.streamOut(found, aud)}, err)
	}
}

// UpdateStream changes what the vendor says, and leaves the rest.
func (s *REST) UpdateStream(w http.ResponseWriter, r *http.Request, _ UpdateStreamParams) {
	s.configure(w, r, func(now signal.Config) signal.Config { return now })
}

// ReplaceStream replaces all that the vendor said before.
func (s *REST) ReplaceStream(w http.ResponseWriter, r *http.Request, _ ReplaceStreamParams) {
	s.configure(w, r, func(signal.Config) signal.Config { return signal.Config{} })
}

// configure lays the vendor's words over a configuration.
func (s *REST) configure(w http.ResponseWriter, r *http.Request, over func(signal.Config) signal.Config) {
	client, aud, err := s.listener(w, r)
	var in StreamConfig
	if err == nil {
		in, err = read[StreamConfig](r)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	found, err := s.named(r.Context(), client, in.StreamID)
	if err == nil {
		found, err = s.o.Signals.Configure(r.Context(), client, found.ID, func(now signal.Stream) (signal.Config, error) {
			if !s.repeats(in, aud) {
				return signal.Config{}, signal.ErrStream
			}
			return configOf(in, over(now.Config)), unchanged(r, s.streamOut(now, aud))
		})
	}
	s.answer(w, r, http.StatusOK, s.streamOut(found, aud), err)
}

// repeats says that what the transmitter settles is repeated rightly, where it is repeated.
func (s *REST) repeats(in StreamConfig, aud string) bool {
	return (in.Iss == "" || in.Iss == s.o.Issuer) && (in.Aud == "" || in.Aud == aud)
}

// DeleteStream ends the vendor's stream.
func (s *REST) DeleteStream(w http.ResponseWriter, r *http.Request, params DeleteStreamParams) {
	client, aud, err := s.listener(w, r)
	if err == nil {
		var found signal.Stream
		if found, err = s.named(r.Context(), client, params.StreamID); err == nil {
			err = s.o.Signals.Delete(r.Context(), client, found.ID, func(now signal.Stream) error { return unchanged(r, s.streamOut(now, aud)) })
		}
	}
	s.done(w, r, err)
}

// GetStreamStatus says whether events flow.
func (s *REST) GetStreamStatus(w http.ResponseWriter, r *http.Request, params GetStreamStatusParams) {
	client, err := s.vendor(w, r)
	var found signal.Stream
	if err == nil {
		found, err = s.named(r.Context(), client, params.StreamID)
	}
	s.answer(w, r, http.StatusOK, statusOut(found), err)
}

// SetStreamStatus lets events flow, wait, or be dropped.
func (s *REST) SetStreamStatus(w http.ResponseWriter, r *http.Request, _ SetStreamStatusParams) {
	in, client, err := fromVendor[StreamStatus](s, w, r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	c := keyed{who: byVendor(client), name: "setStreamStatus", in: in, status: http.StatusOK}
	once(s, w, r, c, func(ctx context.Context) (StreamStatus, error) {
		found, err := s.named(ctx, client, in.StreamID)
		if err == nil {
			found, err = s.o.Signals.SetStatus(ctx, client, found.ID, signal.Status(in.Status), in.Reason,
				func(now signal.Stream) error { return unchanged(r, statusOut(now)) })
		}
		return statusOut(found), err
	})
}

// VerifyStream sends an event that repeats the vendor's state.
func (s *REST) VerifyStream(w http.ResponseWriter, r *http.Request, _ VerifyStreamParams) {
	in, client, err := fromVendor[StreamVerification](s, w, r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	c := keyed{who: byVendor(client), name: "verifyStream", in: in, status: http.StatusNoContent}
	once(s, w, r, c, func(ctx context.Context) (struct{}, error) {
		found, err := s.named(ctx, client, in.StreamID)
		if err == nil {
			err = s.o.Signals.Verify(ctx, client, found.ID, in.State)
		}
		return struct{}{}, err
	})
}

// PollStream takes the vendor's acknowledgements and gives it what waits.
func (s *REST) PollStream(w http.ResponseWriter, r *http.Request, stream Identifier) {
	in, client, err := fromVendor[Poll](s, w, r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	name, err := parsed[id.Stream](stream)
	if err != nil {
		s.fail(w, r, signal.ErrNoStream)
		return
	}
	got, err := s.o.Signals.Poll(r.Context(), client, name, pollIn(in))
	out := PollAnswer{Sets: map[string]string{}, MoreAvailable: got.More}
	for event, token := range got.Sets {
		out.Sets[string(event)] = token
	}
	s.answer(w, r, http.StatusOK, out, err)
}

// listener is the vendor that calls, and its name in events.
func (s *REST) listener(w http.ResponseWriter, r *http.Request) (client id.Client, aud string, err error) {
	if client, err = s.vendor(w, r); err == nil {
		aud, err = s.o.Signals.Audience(r.Context(), client)
	}
	return client, aud, err
}

// fromVendor is who calls, and with what.
func fromVendor[In any](s *REST, w http.ResponseWriter, r *http.Request) (in In, client id.Client, err error) {
	if client, err = s.vendor(w, r); err != nil {
		return in, "", err
	}
	in, err = read[In](r)
	return in, client, err
}

// named finds the stream that a call is about; it must name it.
func (s *REST) named(ctx context.Context, client id.Client, stream Identifier) (signal.Stream, error) {
	if stream == "" {
		return signal.Stream{}, signal.ErrStream
	}
	return s.stream(ctx, client, stream)
}

// stream finds the vendor's stream, of this name if one is given.
func (s *REST) stream(ctx context.Context, client id.Client, stream Identifier) (signal.Stream, error) {
	found, err := s.o.Signals.Stream(ctx, client)
	if err == nil && stream != "" && string(found.ID) != stream {
		return signal.Stream{}, signal.ErrNoStream
	}
	return found, err
}

// configOf lays what the vendor says over a configuration.
func configOf(in StreamConfig, c signal.Config) signal.Config {
	if in.Delivery != nil {
		c.Method, c.Endpoint = signal.Method(in.Delivery.Method), in.Delivery.EndpointURL
		c.Authorization = in.Delivery.AuthorizationHeader
		if c.Method == signal.Poll {
			c.Endpoint = "" // where to poll the transmitter says; a vendor may repeat it
		}
	}
	if in.EventsRequested != nil {
		c.Requested = in.EventsRequested
	}
	if in.Description != "" {
		c.Description = in.Description
	}
	return c
}

// streamOut never shows the vendor's secret.
func (s *REST) streamOut(in signal.Stream, aud string) Stream {
	out := Stream{
		StreamID: string(in.ID), Iss: s.o.Issuer, Aud: aud, Description: in.Description,
		EventsSupported: signal.Supported(), EventsRequested: in.Requested, EventsDelivered: in.Delivered(),
		Delivery:                Delivery{Method: DeliveryMethod(in.Method), EndpointURL: in.Endpoint},
		MinVerificationInterval: int(signal.MinVerification.Seconds()),
	}
	if in.Method == signal.Poll {
		out.Delivery.EndpointURL = s.o.Issuer + signal.PathPoll + "/" + string(in.ID)
	}
	return out
}

func statusOut(in signal.Stream) StreamStatus {
	return StreamStatus{StreamID: string(in.ID), Status: StreamStatusStatus(in.Status), Reason: in.Reason}
}

// pollIn reads a poll; without a number it is as many as there may be.
func pollIn(in Poll) signal.PollRequest {
	out := signal.PollRequest{Max: -1, Immediately: in.ReturnImmediately, Refused: map[id.Event]string{}}
	if in.MaxEvents != nil {
		out.Max = *in.MaxEvents
	}
	for _, name := range in.Ack {
		out.Acknowledged = append(out.Acknowledged, id.Event(name))
	}
	for name, refusal := range in.SetErrs {
		out.Refused[id.Event(name)] = refusal.Err
	}
	return out
}
