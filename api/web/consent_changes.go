package web

import (
	"time"

	"github.com/meins-id/meins/consent"
)

// changes says in sentences what differs from the grant in force, and which facts do.
func (l *locale) changes(ask consent.Ask, g consent.Grant, until string, now time.Time) (said []string, facts map[string]bool) {
	d := consent.ChangesTo(g, ask, now)
	facts = map[string]bool{}
	say := func(differs bool, fact, key string, pairs ...any) {
		if differs {
			said = append(said, l.T(key, pairs...))
			facts[fact] = true
		}
	}
	say(d.Name != "", "who", "consent.change.name", "before", d.Name)
	say(d.Domain != "", "who", "consent.change.domain", "before", d.Domain)
	say(d.Unverified, "who", "consent.change.unverified")
	say(d.Mode == consent.ModeDirect, "way", "consent.change.sealed", "vendor", ask.Party.Name)
	say(d.Mode == consent.ModeEndToEnd, "way", "consent.change.unsealed", "vendor", ask.Party.Name)
	say(d.Key, "way", "consent.change.key", "vendor", ask.Party.Name)
	say(len(d.Claims) > 0, "claims", "consent.change.claim", "claims", l.Claims(d.Claims))
	say(len(d.Required) > 0, "claims", "consent.change.required", "claims", l.Claims(d.Required))
	say(len(d.Purposes) > 0, "claims", "consent.change.purpose", "claims", l.Claims(chosen(d.Purposes)))
	say(len(d.Gone) > 0, "claims", "consent.change.gone", "claims", l.Claims(d.Gone))
	say(len(d.Idle) > 0, "claims", "consent.change.idle", "claims", l.Claims(chosen(d.Idle)))
	say(len(d.Recipients) > 0, "who", "consent.change.recipients", "names", l.List(d.Recipients))
	if d.Retention != nil && *d.Retention != "" {
		say(true, "keeps", "consent.change.retention.from", "before", l.duration(*d.Retention))
	} else {
		say(d.Retention != nil, "keeps", "consent.change.retention")
	}
	say(len(d.Terms) > 0, "terms", "consent.change.terms", "names", l.List(l.termLabels(d.Terms)))
	say(d.Offline, "use", "consent.change.offline")
	say(d.Continuous, "use", "consent.change.continuous")
	say(d.Once, "use", "consent.change.once")
	say(until != l.Date(g.Ends), "until", "consent.change.ends", "date", until, "before", l.Date(g.Ends))
	return said, facts
}

// chosen are the claims of choices.
func chosen(choices []consent.Choice) []string {
	names := make([]string, len(choices))
	for i, c := range choices {
		names[i] = c.Claim
	}
	return names
}
