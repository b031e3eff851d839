package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
	"github.com/meins-id/meins/vault/agent"
)

// personaFlag chooses a persona.
type personaFlag struct {
	Persona string `env:"-" placeholder:"NAME" help:"The persona, by name or identifier; the first one, or the one that the vendor knows, when empty."`
}

// persona finds a persona by its name or identifier; empty for the one that the agent chooses.
func (c *customer) persona(ctx context.Context, name string) (id.Persona, error) {
	if name == "" {
		return "", nil
	}
	list, err := c.Personas(ctx)
	if err != nil {
		return "", err
	}
	for _, p := range list.Personas {
		if string(p.ID) == name || strings.EqualFold(p.Name, name) {
			return p.ID, nil
		}
	}
	return "", vault.ErrNoPersona
}

// warn says what an approval gives away beyond its values: that two personas are one person.
func (c *customer) warn(p agent.Pending, approved []string) {
	for _, l := range p.Leaks {
		if !slices.Contains(approved, l.Claim) {
			continue
		}
		known := "nobody knows yet"
		if len(l.Vendors) > 0 {
			known = "known to " + strings.Join(l.Vendors, ", ")
		}
		_, _ = fmt.Fprintf(c.secrets.streams.err, "meins: %s is also that of your persona %q (%s): vendors could tell that both are you\n", l.Claim, l.Name, known)
	}
}

// agentPersonasCmd is about the roles in which the customer meets vendors.
type agentPersonasCmd struct {
	List   agentPersonaListCmd   `cmd:"" default:"1" help:"List the personas."`
	Add    agentPersonaAddCmd    `cmd:"" help:"Add a persona, without values but those that it inherits."`
	Rename agentPersonaRenameCmd `cmd:"" help:"Give a persona another name; vendors never see it."`
	Remove agentPersonaRemoveCmd `cmd:"" help:"Remove a persona with its values."`
}

type agentPersonaListCmd struct {
	JSON bool `env:"-" help:"Print JSON."`
}

// Run lists the personas, without any value.
func (c *agentPersonaListCmd) Run(ctx context.Context, io *streams, a *agentCmd) error {
	return a.do(io, func(who *customer) error {
		var list agent.PersonaList
		err := who.signedIn(ctx, func() (err error) {
			list, err = who.Personas(ctx)
			return err
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(io.out, list.Personas)
		}
		w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "PERSONA\tNAME\tOWN\tINHERITS\tVENDORS")
		for _, p := range list.Personas {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.ID, p.Name, strings.Join(p.Own, ","), strings.Join(p.Inherits, ","), strings.Join(p.Vendors, ", "))
		}
		return w.Flush()
	})
}

type agentPersonaAddCmd struct {
	Name    string   `arg:"" help:"What you call it."`
	Inherit []string `env:"-" placeholder:"ATTRIBUTE" help:"What it has from the first persona."`
	JSON    bool     `env:"-" help:"Print JSON."`
}

// Run adds a persona, and prints its identifier.
func (c *agentPersonaAddCmd) Run(ctx context.Context, io *streams, a *agentCmd) error {
	return a.do(io, func(who *customer) error {
		var added agent.PersonaName
		err := who.signedIn(ctx, func() (err error) {
			added, err = who.AddPersona(ctx, c.Name, c.Inherit)
			return err
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(io.out, added)
		}
		_, err = fmt.Fprintln(io.out, added.ID)
		return err
	})
}

type agentPersonaRenameCmd struct {
	Which string `arg:"" name:"persona" help:"The persona, by name or identifier."`
	Name  string `arg:"" help:"The new name."`
}

// Run renames a persona.
func (c *agentPersonaRenameCmd) Run(ctx context.Context, io *streams, a *agentCmd) error {
	return a.do(io, func(who *customer) error {
		return who.signedIn(ctx, func() error {
			persona, err := who.persona(ctx, c.Which)
			if err != nil {
				return err
			}
			return who.RenamePersona(ctx, persona, c.Name)
		})
	})
}

type agentPersonaRemoveCmd struct {
	Which    string `arg:"" name:"persona" help:"The persona, by name or identifier."`
	Withdraw bool   `env:"-" help:"Withdraw its consents in force too."`
}

// Run removes a persona.
func (c *agentPersonaRemoveCmd) Run(ctx context.Context, io *streams, a *agentCmd) error {
	return a.do(io, func(who *customer) error {
		return who.signedIn(ctx, func() error {
			persona, err := who.persona(ctx, c.Which)
			if err != nil {
				return err
			}
			return who.RemovePersona(ctx, persona, c.Withdraw)
		})
	})
}

type agentRulesCmd struct {
	personaFlag
	Always []string `env:"-" placeholder:"CLAIM" help:"Claims that it is glad to share."`
	Never  []string `env:"-" placeholder:"CLAIM" help:"Claims that it never shares; an approval of one is refused."`
	Terms  []string `env:"-" placeholder:"TERMS" help:"Terms that it proffers to vendors (IEEE 7012), such as SD-BASE; 'none' for none, 'usual' for those of the first persona."`
	Clear  bool     `env:"-" help:"Drop the rules; terms stay."`
	JSON   bool     `env:"-" help:"Print JSON."`
}

var errRulesAndClear = usageError{errors.New("clear: give no rules with it")}

// Run replaces the rules of a persona, or shows them.
func (c *agentRulesCmd) Run(ctx context.Context, io *streams, a *agentCmd) error {
	rules := vault.Rules{Always: c.Always, Never: c.Never}
	given := len(c.Always)+len(c.Never) > 0
	if given && c.Clear {
		return errRulesAndClear
	}
	return a.do(io, func(who *customer) error {
		var shown agentRules
		err := who.signedIn(ctx, func() error {
			persona, err := who.persona(ctx, c.Persona)
			if err != nil {
				return err
			}
			if given || c.Clear {
				if err := who.SetRules(ctx, persona, rules); err != nil {
					return err
				}
			}
			if len(c.Terms) > 0 {
				if err := who.SetTerms(ctx, persona, c.terms()); err != nil {
					return err
				}
			}
			list, err := who.Personas(ctx)
			for _, p := range list.Personas {
				if p.ID == persona || persona == "" && p.Base {
					shown = agentRules{p.Rules, p.Terms}
				}
			}
			return err
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(io.out, shown)
		}
		_, err = fmt.Fprintf(io.out, "always: %s\nnever: %s\nterms: %s\n", strings.Join(shown.Always, ","), strings.Join(shown.Never, ","), strings.Join(shown.Terms, ","))
		return err
	})
}

// agentRules is what a persona has decided once for all vendors.
type agentRules struct {
	vault.Rules
	Terms []string `json:"terms"`
}

// terms reads the two words that are no terms.
func (c *agentRulesCmd) terms() []string {
	switch {
	case slices.Equal(c.Terms, []string{"none"}):
		return []string{}
	case slices.Equal(c.Terms, []string{"usual"}):
		return nil
	}
	return c.Terms
}
