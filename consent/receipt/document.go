package receipt

import (
	"strings"
	"time"

	"github.com/meins-id/meins/consent"
	"github.com/meins-id/meins/internal/id"
	"github.com/meins-id/meins/vault"
)

// SchemaVersion names the standard that a document follows.
const SchemaVersion = "ISO/IEC TS 27560:2023"

// unstated stands where a vendor said no purpose.
const unstated = "not stated"

// Document is a consent receipt; its members are those of ISO/IEC TS 27560, clause 6. Chain, Notice
// and Declined are additions, which the standard permits.
type Document struct {
	Metadata   Header     `json:"receipt_metadata"`
	Record     Header     `json:"record_header"`
	Processing Processing `json:"pii_processing"`
	Parties    []Party    `json:"party_identification"`
	Events     []Event    `json:"event"`
	Chain      *Chain     `json:"chain,omitempty"`
}

// Header says which record or receipt this is.
type Header struct {
	Schema    string `json:"schema_version"`
	RecordID  string `json:"record_id,omitempty"`  // the grant
	ReceiptID string `json:"receipt_id,omitempty"` // the decision
	Principal string `json:"pii_principal_id"`     // the customer, as the vendor knows it
}

// Processing is what was decided on.
type Processing struct {
	PolicyURI string    `json:"privacy_notice,omitempty"`
	TermsURI  string    `json:"terms_of_service,omitempty"`
	Language  string    `json:"language"`
	Notice    *Notice   `json:"notice,omitempty"`
	Purposes  []Purpose `json:"purposes"`
	Declined  []string  `json:"declined,omitempty"` // claims that were asked and not approved
	Digest    string    `json:"reviewed_digest"`    // of everything that was reviewed
	Release   string    `json:"release_mode,omitempty"`
	Persona   string    `json:"persona_id,omitempty"`
	GPC       bool      `json:"global_privacy_control,omitempty"` // the browser asked that nothing is sold or shared
	Terms     *Terms    `json:"privacy_terms,omitempty"`          // nil where neither side named any
}

// Notice is the text that the customer saw.
type Notice struct {
	Text   string `json:"text,omitempty"`
	Digest string `json:"sha256"` // base64url
}

// Purpose is one purpose and the claims that it was about.
type Purpose struct {
	Purpose     string   `json:"purpose"`
	Type        string   `json:"purpose_type,omitempty"` // a concept's address
	LawfulBasis string   `json:"lawful_basis"`
	Information []PII    `json:"pii_information"`
	Controllers []string `json:"pii_controllers"`
	Collection  string   `json:"collection_method"`
	Retention   string   `json:"retention_period,omitempty"` // ISO 8601
	Recipients  []string `json:"recipient_third_parties,omitempty"`
	Withdrawal  string   `json:"withdrawal_method"`
	Rights      string   `json:"privacy_rights"`
}

// PII is one claim, by name and category.
type PII struct {
	Attribute string `json:"pii_attribute_id"`
	Type      string `json:"pii_type"`
	Optional  bool   `json:"pii_optional"`
	Sensitive bool   `json:"sensitive_pii_category"`
	Special   bool   `json:"special_pii_category"`
}

// Party is somebody who takes part.
type Party struct {
	ID      string `json:"party_id"`
	Name    string `json:"party_name"`
	Role    string `json:"party_role"`
	URL     string `json:"party_url,omitempty"`
	Contact string `json:"party_contact,omitempty"`
}

// Event is what happened, in the words of the Data Privacy Vocabulary.
type Event struct {
	Time   time.Time `json:"event_time"`
	Until  time.Time `json:"validity_until,omitzero"`
	Entity string    `json:"entity_id"`
	Type   string    `json:"event_type"`
	State  string    `json:"event_state"`
	Reason string    `json:"event_reason,omitempty"`
}

// Chain is the receipt's place among all of the account: a receipt that is missing, or was altered,
// does not fit.
type Chain struct {
	Sequence uint64 `json:"sequence"`
	Previous string `json:"previous_sha256,omitempty"`
	Hash     string `json:"sha256"`
}

// Roles of parties.
const (
	roleController = "PII controller"
	roleRecipient  = "third party"
	roleOperator   = "consent service"
)

// Maker makes documents for one provider.
type Maker struct {
	Issuer string
	// Subject is the customer's name towards the vendor. It is all that a receipt says about who.
	Subject func(party consent.Party, account id.Account, persona id.Persona) string
}

// Document turns a decision of the account into a document.
func (m Maker) Document(account id.Account, r consent.Receipt) Document {
	principal := m.Subject(r.Party, account, r.Persona)
	return Document{
		Metadata:   Header{Schema: SchemaVersion, ReceiptID: string(r.ID), Principal: principal},
		Record:     Header{Schema: SchemaVersion, RecordID: string(r.Grant), Principal: principal},
		Processing: m.processing(r),
		Parties:    m.parties(r),
		Events:     []Event{event(principal, r)},
		Chain:      chain(r),
	}
}

func (m Maker) processing(r consent.Receipt) Processing {
	p := Processing{
		PolicyURI: r.Party.PolicyURI, TermsURI: r.Party.TermsURI, Language: r.Notice.Language, Notice: notice(r),
		Declined: r.Declined, Digest: r.Digest, Release: r.Mode, Persona: string(r.Persona), GPC: r.GPC, Terms: terms(r.Terms),
		Purposes: []Purpose{},
	}
	index := map[string]int{}
	for _, c := range r.Claims {
		purposes := c.Purposes
		if len(purposes) == 0 {
			purposes = []consent.Purpose{{}}
		}
		for _, one := range purposes {
			i, known := index[one.ID]
			if !known {
				i = len(p.Purposes)
				index[one.ID] = i
				p.Purposes = append(p.Purposes, m.purpose(r, one))
			}
			p.Purposes[i].Information = append(p.Purposes[i].Information, information(c))
		}
	}
	return p
}

func (m Maker) purpose(r consent.Receipt, one consent.Purpose) Purpose {
	text := one.In(r.Notice.Language)
	if text == "" {
		text = unstated
	}
	return Purpose{
		Purpose: text, Type: one.IRI, LawfulBasis: "consent", Controllers: []string{string(r.Party.Client)},
		Collection: "provided by the PII principal, released by the principal's own agent",
		Retention:  r.Retention, Recipients: r.Recipients,
		Withdrawal: m.Issuer + "/connections", Rights: m.Issuer + "/connections",
	}
}

// information says what a claim is. A name that nobody here knows is the customer's own, and is
// treated like the special ones.
func information(c consent.Claim) PII {
	p := PII{Attribute: c.Name, Type: c.Name, Optional: !c.Required}
	entry, err := vault.Lookup(c.Name)
	if err != nil {
		p.Special = true
		return p
	}
	if entry.Category != "" {
		p.Type = entry.Category
	}
	p.Sensitive = entry.Sensitivity != vault.Ordinary
	p.Special = entry.Sensitivity != vault.Ordinary && entry.Sensitivity != vault.Sensitive
	return p
}

func (m Maker) parties(r consent.Receipt) []Party {
	vendor := Party{ID: string(r.Party.Client), Name: r.Party.Name, Role: roleController, Contact: r.Party.Contact}
	if r.Party.Domain != "" {
		vendor.URL = "https://" + r.Party.Domain
	}
	all := []Party{vendor, {ID: m.Issuer, Name: hostOf(m.Issuer), Role: roleOperator, URL: m.Issuer}}
	for _, name := range r.Recipients {
		all = append(all, Party{ID: name, Name: name, Role: roleRecipient})
	}
	return all
}

func hostOf(issuer string) string {
	_, host, _ := strings.Cut(issuer, "://")
	return host
}

// event says what happened, to which state it led, and who did it.
func event(principal string, r consent.Receipt) Event {
	e := Event{Time: r.Time, Until: r.Ends, Entity: principal, Type: "explicit", State: stateIRI(r.State)}
	if string(r.Event) != r.State {
		e.Reason = string(r.Event)
	}
	if r.Event == consent.EventRevoked {
		e.Entity, e.Type = string(r.Party.Client), "revoked"
	}
	return e
}

// stateIRI is the state's address in the Data Privacy Vocabulary.
func stateIRI(name string) string {
	for s := consent.None; s <= consent.Revoked; s++ {
		if s.String() == name && s.DPV() != "" {
			return dpv + s.DPV()
		}
	}
	return ""
}

const dpv = "https://w3id.org/dpv#"

func notice(r consent.Receipt) *Notice {
	if r.Notice.Hash == "" {
		return nil
	}
	return &Notice{Text: r.Notice.Text, Digest: r.Notice.Hash}
}

// chain is nil for a record that was not stored yet.
func chain(r consent.Receipt) *Chain {
	if r.Seq == 0 {
		return nil
	}
	return &Chain{Sequence: r.Seq, Previous: r.Prev, Hash: r.Hash}
}
