package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/meins-id/meins/internal/fault"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/agent"
)

type agentGetCmd struct {
	personaFlag
	Names []string `arg:"" optional:"" name:"name" help:"What to read, also what follows from it, such as age_over_18; everything that is set when empty."`
	JSON  bool     `env:"-" help:"Print JSON."`
}

// Run prints values of the vault. A name without a value is left out, and missed at the end.
func (c *agentGetCmd) Run(ctx context.Context, io *streams, a *agentCmd) error {
	if err := checkNames(c.Names); err != nil {
		return usageError{err}
	}
	return a.do(io, func(who *customer) error {
		var got agent.Attributes
		err := who.signedIn(ctx, func() error {
			persona, err := who.persona(ctx, c.Persona)
			if err != nil {
				return err
			}
			got, err = who.Read(ctx, persona, c.Names...)
			return err
		})
		if err != nil {
			return err
		}
		printed := printValues
		if c.JSON {
			printed = func(io *streams, values vault.Claims) error { return printJSON(io.out, values) }
		}
		return cmp.Or(printed(io, got.Attributes), missed(got.Attributes, c.Names))
	})
}

// checkNames lists every name that none can have.
func checkNames(names []string) error {
	var problems []error
	for _, name := range names {
		if _, err := vault.Lookup(name); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(problems...)
}

// missed names what was asked for and is not there: a script is not to take nothing for an empty value.
func missed(values vault.Claims, names []string) error {
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return values[name] != nil })
	if len(names) == 0 {
		return nil
	}
	return fault.New(fault.NotFound, "attribute-missing", "the vault holds nothing of: "+strings.Join(names, ", "))
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
	personaFlag
	Values   []string `arg:"" optional:"" name:"name=value" help:"What to change; NAME= removes. An address is a JSON object, a list has commas."`
	Inherit  []string `env:"-" placeholder:"NAME" help:"Have these values from the first persona from now on."`
	LeaveOut []string `env:"-" placeholder:"GRANT" help:"These vendors keep what they have of it."`
	Include  []string `env:"-" placeholder:"GRANT" help:"These vendors get what they were left out of before."`
	DryRun   bool     `env:"-" help:"Say who would see the change, and save nothing."`
	JSON     bool     `env:"-" help:"Print JSON."`
}

// Run changes the vault.
func (c *agentSetCmd) Run(ctx context.Context, io *streams, a *agentCmd) error {
	edit, err := c.edit()
	if err != nil {
		return usageError{err}
	}
	return a.do(io, func(who *customer) error {
		var saved agent.Saved
		var affected []agent.Affected
		err := who.signedIn(ctx, func() (err error) {
			if edit.Persona, err = who.persona(ctx, c.Persona); err != nil {
				return err
			}
			if c.DryRun {
				affected, err = who.Affected(ctx, edit)
				return err
			}
			saved, err = who.Edit(ctx, edit)
			return err
		})
		switch {
		case err != nil:
			return err
		case c.DryRun:
			return printAffected(io, affected, c.JSON)
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

var errNoChange = errors.New("say what to change")

// edit reads the words of the command.
func (c *agentSetCmd) edit() (agent.Edit, error) {
	values, err := parseValues(c.Values)
	if err != nil {
		return agent.Edit{}, err
	}
	e := agent.Edit{Values: values, Inherit: c.Inherit}
	if e.LeaveOut, err = parseGrants("leave-out", c.LeaveOut); err != nil {
		return agent.Edit{}, err
	}
	if e.Include, err = parseGrants("include", c.Include); err != nil {
		return agent.Edit{}, err
	}
	if len(e.Values) == 0 && len(e.Inherit) == 0 && len(e.Include) == 0 {
		return agent.Edit{}, errNoChange
	}
	return e, nil
}

func parseGrants(flag string, words []string) ([]id.Grant, error) {
	grants := make([]id.Grant, 0, len(words))
	for _, word := range words {
		grant, err := id.Parse[id.Grant](word)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", flag, err)
		}
		grants = append(grants, grant)
	}
	return grants, nil
}

// printAffected says who would see a change, by the names of claims.
func printAffected(io *streams, affected []agent.Affected, asJSON bool) error {
	if asJSON {
		return printJSON(io.out, affected)
	}
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "GRANT\tVENDOR\tCLAIMS\tLEFT OUT OF")
	for _, a := range affected {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", a.Grant, a.Vendor, strings.Join(a.Claims, ","), strings.Join(a.Kept, ","))
	}
	return w.Flush()
}

// parseValues reads NAME=VALUE words. It lists every mistake at once, by name or place and never
// with the value.
func parseValues(words []string) (map[string]json.RawMessage, error) {
	values := make(map[string]json.RawMessage, len(words))
	var problems []error
	for i, word := range words {
		name, text, ok := strings.Cut(word, "=")
		if !ok || name == "" {
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
