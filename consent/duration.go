package consent

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// isoDuration is what is understood of ISO 8601 durations: whole numbers, longer units first.
var isoDuration = regexp.MustCompile(`^P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,4})D)?` +
	`(?:T(?:(\d{1,4})H)?(?:(\d{1,4})M)?(?:(\d{1,4})S)?)?$`)

// isoUnits are the lengths of its units in seconds. A year and a month have none that is fixed; here
// they have one, because a consent ends at a moment.
var isoUnits = [...]int64{365 * 86400, 30 * 86400, 7 * 86400, 86400, 3600, 60, 1}

// longest is the longest duration that is understood.
const longest = 200 * 365 * 86400

// ParseDuration reads an ISO 8601 duration such as P6M or P1Y2W3DT12H; it is longer than nothing and
// not beyond 200 years.
func ParseDuration(s string) (time.Duration, error) {
	parts := isoDuration.FindStringSubmatch(s)
	if parts == nil || strings.HasSuffix(s, "T") {
		return 0, ErrDuration
	}
	seconds := int64(0)
	for i, digits := range parts[1:] {
		if digits == "" {
			continue
		}
		n, err := strconv.ParseInt(digits, 10, 32)
		if err != nil {
			return 0, ErrDuration
		}
		seconds += n * isoUnits[i]
	}
	if seconds <= 0 || seconds > longest {
		return 0, ErrDuration
	}
	return time.Duration(seconds) * time.Second, nil
}
