package provider

import "context"

// TellOfLogouts is one round of what Run does.
func (p *Provider) TellOfLogouts(ctx context.Context) error { return newCrier(p).round(ctx) }
