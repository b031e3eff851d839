//go:build !js

package vault

import "log/slog"

// Nothing here logs in a browser: there slog would be a part of the agent for nothing.

var hidden = slog.StringValue(redacted)

// LogValue hides the secret.
func (Secret) LogValue() slog.Value { return hidden }

// LogValue hides the code.
func (RecoveryCode) LogValue() slog.Value { return hidden }

// LogValue hides the values.
func (Claims) LogValue() slog.Value { return hidden }

// LogValue hides the values.
func (Document) LogValue() slog.Value { return hidden }

// LogValue hides the values.
func (Persona) LogValue() slog.Value { return hidden }

// LogValue hides the value.
func (Attribute) LogValue() slog.Value { return hidden }
