//go:build !js

package agent

import "log/slog"

// Nothing here logs in a browser: there slog would be a part of the agent for nothing.

var hidden = slog.StringValue(redacted)

// LogValue hides what the agent holds.
func (*Agent) LogValue() slog.Value { return hidden }

// LogValue hides the values.
func (Attributes) LogValue() slog.Value { return hidden }

// LogValue hides the values.
func (Edit) LogValue() slog.Value { return hidden }

// LogValue hides the secret.
func (NewSlot) LogValue() slog.Value { return hidden }

// LogValue hides the secret.
func (NewAccount) LogValue() slog.Value { return hidden }

// LogValue hides the secret.
func (CurrentAuth) LogValue() slog.Value { return hidden }

// LogValue hides the secret.
func (SlotChange) LogValue() slog.Value { return hidden }

// LogValue hides the secret.
func (Renewal) LogValue() slog.Value { return hidden }

// LogValue hides the secret.
func (Login) LogValue() slog.Value { return hidden }

// LogValue hides the secret.
func (Reauthentication) LogValue() slog.Value { return hidden }

// LogValue hides the secret.
func (LoginAnswer) LogValue() slog.Value { return hidden }

// LogValue hides the secret.
func (SessionAnswer) LogValue() slog.Value { return hidden }

// LogValue hides the secret.
func (Session) LogValue() slog.Value { return hidden }

// LogValue hides the secret.
func (Approval) LogValue() slog.Value { return hidden }

// LogValue hides the secret.
func (Resumption) LogValue() slog.Value { return hidden }

// LogValue hides the secret.
func (NewToken) LogValue() slog.Value { return hidden }

// LogValue hides the secret.
func (MadeToken) LogValue() slog.Value { return hidden }

// LogValue hides the values.
func (Pending) LogValue() slog.Value { return hidden }

// LogValue hides the code.
func (Prepared) LogValue() slog.Value { return hidden }
