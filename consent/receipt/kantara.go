package receipt

import "strings"

// Kantara is a receipt by the Kantara Initiative's Consent Receipt Specification 1.1.
type Kantara struct {
	Version      string              `json:"version"`
	Jurisdiction string              `json:"jurisdiction"`
	Timestamp    int64               `json:"consentTimestamp"` // seconds since 1970
	Method       string              `json:"collectionMethod"`
	ID           string              `json:"consentReceiptID"`
	Language     string              `json:"language,omitempty"`
	Principal    string              `json:"piiPrincipalId"`
	Controllers  []KantaraController `json:"piiControllers"`
	PolicyURL    string              `json:"policyUrl"`
	Services     []KantaraService    `json:"services"`
	Sensitive    bool                `json:"sensitive"`
	Special      []string            `json:"spiCat"`
}

// KantaraController is who gets the data.
type KantaraController struct {
	Name    string `json:"piiController"`
	Contact string `json:"contact"`
	URL     string `json:"piiControllerUrl,omitempty"`
}

// KantaraService is what the data are for.
type KantaraService struct {
	Service  string           `json:"service"`
	Purposes []KantaraPurpose `json:"purposes"`
}

// KantaraPurpose is one purpose.
type KantaraPurpose struct {
	Purpose     string   `json:"purpose"`
	Categories  []string `json:"purposeCategory"`
	ConsentType string   `json:"consentType"`
	PII         []string `json:"piiCategory"`
	Primary     bool     `json:"primaryPurpose"`
	Termination string   `json:"termination"`
	Disclosure  bool     `json:"thirdPartyDisclosure"`
	ThirdParty  string   `json:"thirdPartyName,omitempty"`
}

// Kantara renders the document. The specification knows neither refusals nor ends of consents: what
// they are, purposes and their termination say.
func (m Maker) Kantara(d Document) Kantara {
	vendor, e := d.Parties[0], d.Events[0]
	k := Kantara{
		Version: "KI-CR-v1.1.0", Timestamp: e.Time.Unix(), Method: "web form, released by the principal's own agent",
		ID: d.Metadata.ReceiptID, Language: d.Processing.Language, Principal: d.Metadata.Principal,
		Controllers: []KantaraController{{Name: vendor.Name, Contact: vendor.Contact, URL: vendor.URL}},
		PolicyURL:   policy(d.Processing), Special: []string{},
	}
	service := KantaraService{Service: vendor.Name, Purposes: []KantaraPurpose{}}
	for _, p := range d.Processing.Purposes {
		one := KantaraPurpose{
			Purpose: p.Purpose, Categories: []string{}, ConsentType: "EXPLICIT", PII: []string{},
			Termination: termination(e, p), Disclosure: len(p.Recipients) > 0,
		}
		if p.Type != "" {
			one.Categories = append(one.Categories, p.Type)
		}
		if len(p.Recipients) > 0 {
			one.ThirdParty = strings.Join(p.Recipients, ", ")
		}
		for _, information := range p.Information {
			one.PII = append(one.PII, information.Attribute)
			one.Primary = one.Primary || !information.Optional
			if information.Special {
				k.Sensitive, k.Special = true, append(k.Special, information.Attribute)
			}
		}
		service.Purposes = append(service.Purposes, one)
	}
	k.Services = []KantaraService{service}
	return k
}

// policy is the vendor's policy, or else the terms that it agreed to: the specification wants the
// "policy and applicable terms of use in effect" there, and has no other place for terms.
func policy(p Processing) string {
	if p.PolicyURI == "" && p.Terms != nil && p.Terms.Agreed != nil {
		return p.Terms.Agreed.Address
	}
	return p.PolicyURI
}

func termination(e Event, p Purpose) string {
	text := "withdrawn at " + p.Withdrawal
	if !e.Until.IsZero() {
		text = "ends " + e.Until.Format("2006-01-02") + ", or when " + text
	}
	if p.Retention != "" {
		text += "; kept for " + p.Retention
	}
	return text
}
