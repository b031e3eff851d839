package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/agent"
)

type agentGetCmd struct {
	Names []string `arg:"" optional:"" name:"name" help:"What to read, also what follows from it, such as age_over_18; everything that is set when empty."`
	JSON  bool     `env:"-" help:"Print JSON."`
}

// Run prints values of the vault. A name without a value is left out.
func (c *agentGetCmd) Run(ctx context.Context, io *streams, a *agentCmd) error {
	return a.do(io, func(who *customer) error {
		var got agent.Attributes
		err := who.signedIn(ctx, func() (err error) {
			got, err = who.Get(ctx, c.Names...)
			return err
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(io.out, got.Attributes)
		}
		return printValues(io, got.Attributes)
	})
}

// printValues prints what agentSetCmd takes: texts as they are, everything else as JSON.
func printValues(io *streams, values vault.Claims) error {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		text := string(values[name])
		var s string
		if json.Unmarshal(values[name], &s) == nil {
			text = s
		}
		if _, err := fmt.Fprintf(io.out, "%s=%s\n", name, text); err != nil {
			return err
		}
	}
	return nil
}

type agentSetCmd struct {
	Values []string `arg:"" name:"name=value" help:"What to change; NAME= removes. An address is a JSON object, a list has commas."`
	JSON   bool     `env:"-" help:"Print JSON."`
}

// Run changes the vault.
func (c *agentSetCmd) Run(ctx context.Context, io *streams, a *agentCmd) error {
	values, err := parseValues(c.Values)
	if err != nil {
		return usageError{err}
	}
	return a.do(io, func(who *customer) error {
		var saved agent.Saved
		err := who.signedIn(ctx, func() (err error) {
			saved, err = who.Set(ctx, values)
			return err
		})
		if err != nil {
			return err
		}
		if len(saved.Missed) > 0 {
			_, _ = fmt.Fprintf(io.err, "meins: saved, but these vendors do not see the change: %s\n", strings.Join(saved.Missed, ", "))
		}
		if c.JSON {
			return printJSON(io.out, saved)
		}
		return nil
	})
}

// parseValues reads NAME=VALUE words. It lists every mistake at once, by name or place and never
// with the value.
func parseValues(words []string) (map[string]json.RawMessage, error) {
	values := make(map[string]json.RawMessage, len(words))
	var problems []error
	for i, word := range words {
		name, text, ok := strings.Cut(word, "=")
		if !ok {
			problems = append(problems, fmt.Errorf("value %d: not of the form NAME=VALUE", i+1))
			continue
		}
		if _, twice := values[name]; twice {
			problems = append(problems, fmt.Errorf("%s: given twice", name))
		}
		value, err := parseValue(name, text)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
		}
		values[name] = value
	}
	return values, errors.Join(problems...)
}

var (
	errNotObject = errors.New(`must be a JSON object such as {"street_address":"…","locality":"…"}`)
	errNotList   = errors.New(`must be a list such as one,two or a JSON array`)
)

// parseValue gives the JSON of one value; null removes it.
func parseValue(name, text string) (json.RawMessage, error) {
	entry, err := vault.Lookup(name)
	switch {
	case err != nil:
		return nil, err
	case text == "":
		return json.RawMessage("null"), nil
	case entry.Type == vault.TypeList:
		return parseList(text)
	case entry.Type != vault.TypeAddress && entry.Type != vault.TypePlace:
		return json.Marshal(text)
	}
	if raw := json.RawMessage(text); json.Valid(raw) && bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		return raw, nil
	}
	return nil, errNotObject
}

// parseList reads a JSON array, or words between commas.
func parseList(text string) (json.RawMessage, error) {
	if strings.HasPrefix(strings.TrimSpace(text), "[") {
		if raw := json.RawMessage(text); json.Valid(raw) {
			return raw, nil
		}
		return nil, errNotList
	}
	words := strings.Split(text, ",")
	for i := range words {
		words[i] = strings.TrimSpace(words[i])
	}
	return json.Marshal(words)
}
