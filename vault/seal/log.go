//go:build !js

package seal

import "log/slog"

// Nothing here logs in a browser: there slog would be a part of the agent for nothing.

// LogValue hides the key.
func (Key) LogValue() slog.Value { return slog.StringValue(redacted) }
