package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault/seal"
)

// MaxDocument is the largest sealed document in bytes; documentFloor its smallest padded plaintext.
const (
	MaxDocument    = 256 << 10
	documentFloor  = 4096
	documentFormat = 1
)

// SourceSelf is the source of a value that the customer typed.
const SourceSelf = "self"

// errRevision says that the document inside is not the revision that was asked for.
var errRevision = errors.New("the document inside is of another revision")

// Document is the open vault. Members that this program does not know are kept in Extra, here and
// below, so that an older agent does not lose what a newer one wrote.
type Document struct {
	Format   int
	Revision uint64 // as sealed: set by SealDocument
	Personas []Persona
	// LeftOut are claims of grants that do not follow the vault, with the values that the vendors
	// have; Behind are grants whose capsule is still to be sealed anew, see agent.
	LeftOut map[id.Grant]Claims
	Behind  []id.Grant
	// TakenBack are claims that no capsule of a grant gets any more, whatever a server says of the grant.
	TakenBack map[id.Grant][]string
	Extra     map[string]json.RawMessage
}

// Persona is one role of the customer, with values of its own, and with some of the base persona's.
type Persona struct {
	ID         id.Persona
	Name       string
	Created    time.Time
	Attributes map[string]Attribute
	Inherits   []string // attributes that are the base's while the persona has none of its own
	Rules      Rules
	Terms      []string // that it proffers; nil for those of the base
	Extra      map[string]json.RawMessage
}

// Attribute is one value, where it came from and when.
type Attribute struct {
	Value    json.RawMessage
	Source   string
	Updated  time.Time
	Verified bool // somebody other than the customer checked it; typing a value never sets this
	Extra    map[string]json.RawMessage
}

// NewDocument is the vault of a new account: one persona without values.
func NewDocument(now time.Time) Document {
	base := Persona{ID: id.New[id.Persona](), Name: "private", Created: stamp(now), Attributes: map[string]Attribute{}}
	return Document{Format: documentFormat, Personas: []Persona{base}}
}

// Persona finds a persona by its identifier; the result may be changed in place.
func (d *Document) Persona(persona id.Persona) (*Persona, error) {
	for i := range d.Personas {
		if d.Personas[i].ID == persona {
			return &d.Personas[i], nil
		}
	}
	return nil, ErrNoPersona
}

// Get reads an attribute of a persona, its own or an inherited one.
func (d *Document) Get(persona id.Persona, name string) (Attribute, bool) {
	p, err := d.whole(persona)
	if err != nil {
		return Attribute{}, false
	}
	a, ok := p.Attributes[name]
	return a, ok
}

// Set puts a value that the customer typed, when it is valid; the document is unchanged otherwise.
// A value that stays the same keeps its date and its verification.
func (d *Document) Set(persona id.Persona, name string, value json.RawMessage, now time.Time) error {
	p, err := d.Persona(persona)
	if err != nil {
		return err
	}
	canonical, err := normalise(name, value, now)
	if err != nil {
		return err
	}
	p.disown(name)
	if old, ok := p.Attributes[name]; ok && bytes.Equal(old.Value, canonical) {
		return nil
	}
	if p.Attributes == nil {
		p.Attributes = map[string]Attribute{}
	}
	p.Attributes[name] = Attribute{Value: canonical, Source: SourceSelf, Updated: stamp(now)}
	return nil
}

// Remove deletes a value, also an inherited one from this persona; it is no mistake if there is none.
func (d *Document) Remove(persona id.Persona, name string) error {
	p, err := d.Persona(persona)
	if err != nil {
		return err
	}
	p.disown(name)
	delete(p.Attributes, name)
	return nil
}

// Clone copies the document deep enough that no method on one changes the other.
func (d *Document) Clone() Document {
	c := *d
	c.Extra, c.LeftOut, c.Behind = maps.Clone(d.Extra), maps.Clone(d.LeftOut), slices.Clone(d.Behind)
	c.TakenBack = maps.Clone(d.TakenBack)
	c.Personas = slices.Clone(d.Personas)
	for i := range c.Personas {
		c.Personas[i].Attributes = maps.Clone(c.Personas[i].Attributes)
	}
	return c
}

// SealDocument seals the document as the given revision.
func SealDocument(k Key, account id.Account, revision uint64, d Document) ([]byte, error) {
	if d.Format != documentFormat {
		return nil, ErrFormat // the zero Document among them: nobody could open it again
	}
	d.Revision = revision
	plaintext, err := json.Marshal(d)
	if err != nil {
		return nil, ErrSealed.Because(err)
	}
	padded := pad(plaintext, documentFloor)
	if len(padded)+seal.Overhead > MaxDocument {
		return nil, ErrTooLarge
	}
	return seal.Seal(k.secretKey, documentContext(account, revision), padded), nil
}

// OpenDocument opens what SealDocument made for the same account and revision.
func OpenDocument(k Key, account id.Account, revision uint64, box []byte) (Document, error) {
	if len(box) > MaxDocument {
		return Document{}, ErrTooLarge
	}
	padded, err := seal.Open(k.secretKey, documentContext(account, revision), box)
	if err != nil {
		return Document{}, ErrSealed.Because(err)
	}
	plaintext, err := unpad(padded, documentFloor)
	if err != nil {
		return Document{}, ErrSealed.Because(err)
	}
	return decodeDocument(plaintext, revision)
}

// decodeDocument reads the format first: of a newer one nothing else is believed.
func decodeDocument(plaintext []byte, revision uint64) (Document, error) {
	var format int
	if _, err := (members{"format": &format}).decode(plaintext); err != nil {
		return Document{}, ErrSealed.Because(err)
	}
	if format != documentFormat {
		return Document{}, ErrFormat
	}
	var d Document
	if err := json.Unmarshal(plaintext, &d); err != nil {
		return Document{}, ErrSealed.Because(err)
	}
	if d.Revision != revision {
		return Document{}, ErrSealed.Because(errRevision)
	}
	return d, nil
}

func documentContext(account id.Account, revision uint64) seal.Context {
	return seal.Context{Purpose: "document", Account: string(account), Object: "document", Revision: revision}
}

// stamp is the precision of times in the vault.
func stamp(now time.Time) time.Time { return now.UTC().Truncate(time.Second) }
