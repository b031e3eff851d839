package receipt

import (
	"strings"
	"time"
)

// Types of the renderings, for the Accept header.
const (
	TypeSigned  = "application/jwt"
	TypeJSON    = "application/json"
	TypeJSONLD  = "application/ld+json"
	TypeKantara = "application/vnd.kantara.cr+json" // not registered; the specification names none
)

// object is a node of JSON-LD.
type object map[string]any

// profile is the W3C community group's schema for receipts that hold the record.
const profile = "https://w3id.org/dpv/schema/dpv-27560#receipt-record"

// JSONLD is the document in the words of the Data Privacy Vocabulary 2, by its guide to
// ISO/IEC TS 27560.
func (m Maker) JSONLD(d Document) map[string]any {
	e := d.Events[0]
	return object{
		"@context": object{
			"dpv": dpv, "pd": "https://w3id.org/dpv/pd#", "dct": "http://purl.org/dc/terms/",
			"xsd": "http://www.w3.org/2001/XMLSchema#", "p7012": "https://w3id.org/dpv/standards/p7012#",
		},
		"@id":                     m.Issuer + "/receipts/" + d.Metadata.ReceiptID,
		"@type":                   "dpv:ConsentReceipt",
		"dct:identifier":          d.Metadata.ReceiptID,
		"dct:conformsTo":          object{"@id": profile},
		"dct:created":             moment(e.Time),
		"dct:publisher":           object{"@id": m.Issuer},
		"dct:language":            d.Processing.Language,
		"dpv:hasRecordOfActivity": m.record(d),
	}
}

func (m Maker) record(d Document) object {
	e := d.Events[0]
	record := object{
		"@id":                   m.Issuer + "/connections/" + d.Record.RecordID,
		"@type":                 "dpv:ConsentRecord",
		"dct:identifier":        d.Record.RecordID,
		"dpv:hasDataSubject":    object{"@type": "dpv:Consumer", "dct:identifier": d.Metadata.Principal},
		"dpv:hasDataController": controller(d.Parties),
		"dpv:hasConsentStatus":  object{"@id": short(e.State), "dct:date": moment(e.Time), "dpv:isIndicatedBy": e.Entity},
		"dpv:hasProcess":        processes(d),
	}
	if d.Record.RecordID == "" { // a refusal makes no grant
		delete(record, "@id")
		delete(record, "dct:identifier")
	}
	if !e.Until.IsZero() {
		record["dpv:hasDuration"] = object{"@type": "dpv:UntilTimeDuration", "dct:date": moment(e.Until)}
	}
	if d.Processing.PolicyURI != "" || d.Processing.Notice != nil {
		record["dpv:hasNotice"] = noticeNode(d.Processing)
	}
	if policies := agreements(d.Processing.Terms); len(policies) > 0 {
		record["dpv:hasPolicy"] = policies
	}
	return record
}

func controller(parties []Party) object {
	node := object{"@type": "dpv:DataController", "dct:identifier": parties[0].ID, "dpv:hasName": parties[0].Name}
	if parties[0].Contact != "" {
		node["dpv:hasContact"] = parties[0].Contact
	}
	return node
}

func noticeNode(p Processing) object {
	node := object{"@type": "dpv:ConsentNotice", "dct:language": p.Language}
	if p.PolicyURI != "" {
		node["@id"] = p.PolicyURI
	}
	if p.Notice != nil {
		node["dct:description"], node["dpv:hasIdentifier"] = p.Notice.Text, "sha-256:"+p.Notice.Digest
	}
	return node
}

func processes(d Document) []object {
	all := make([]object, 0, len(d.Processing.Purposes))
	for _, p := range d.Processing.Purposes {
		purpose := object{"@type": "dpv:Purpose", "dct:title": p.Purpose}
		if p.Type != "" {
			purpose["@type"] = short(p.Type)
		}
		process := object{
			"@type": "dpv:Process", "dpv:hasPurpose": purpose, "dpv:hasLegalBasis": object{"@id": "dpv:Consent"},
			"dpv:hasPersonalData": personal(p.Information),
			"dpv:hasRight":        object{"@type": "dpv:WithdrawConsent", "dpv:isExercisedAt": p.Withdrawal},
		}
		if len(p.Recipients) > 0 {
			process["dpv:hasRecipient"] = p.Recipients
		}
		if p.Retention != "" {
			process["dpv:hasStorageCondition"] = object{"@type": "dpv:StorageDuration", "dpv:hasDuration": object{"@type": "xsd:duration", "@value": p.Retention}}
		}
		all = append(all, process)
	}
	return all
}

func personal(information []PII) []object {
	all := make([]object, 0, len(information))
	for _, one := range information {
		node := object{
			"@type": "dpv:PersonalData", "dct:identifier": one.Attribute, "dpv:hasDataSource": object{"@id": "dpv:DataSubject"},
			"dpv:hasNecessity": object{"@id": "dpv:Required"},
		}
		if strings.HasPrefix(one.Type, "https://") {
			node["@type"] = short(one.Type)
		}
		if one.Optional {
			node["dpv:hasNecessity"] = object{"@id": "dpv:Optional"}
		}
		all = append(all, node)
	}
	return all
}

// short writes an address with the prefix of the context.
func short(iri string) string {
	for prefix, space := range map[string]string{"dpv:": dpv, "pd:": "https://w3id.org/dpv/pd#"} {
		if name, ok := strings.CutPrefix(iri, space); ok {
			return prefix + name
		}
	}
	return iri
}

func moment(t time.Time) object {
	return object{"@type": "xsd:dateTime", "@value": t.UTC().Format(time.RFC3339)}
}
