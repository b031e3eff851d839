//go:build !js

package strength

import "log/slog"

// Nothing here logs in a browser: there slog would be a part of the agent for nothing.

// LogValue says no more than the score.
func (e Estimate) LogValue() slog.Value { return slog.IntValue(e.Score) }
