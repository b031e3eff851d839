package consent

import (
	"strings"
	"unicode"
)

// generic are the words that name nobody. A recipient of nothing but these is a list of "partners".
var generic = words(`
	a all an and any certain chosen further his its many more of or other others our selected several some such the their
	these this those trusted various your
	advertiser advertisers affiliate affiliated affiliates agencies agency associate associated associates authorised
	authorized business businesses collaborator collaborators commercial companies company contractor contractors
	entities entity external group holding marketing member members network networks organisation organisations
	organization organizations parent parties partner partners partnership party person persons processor processors
	provider providers recipient recipients reseller resellers service services sponsor sponsors subcontractor
	subcontractors subprocessor subprocessors subsidiaries subsidiary supplier suppliers third thirdparty vendor vendors
	alle allen anbieter oder und andere anderen ausgewählte ausgewählten beauftragte beauftragten betriebe dienstleister
	dienstleistern dienste dritte dritten dritter drittanbieter einige einigen empfänger externe externen firma firmen
	geschäftspartner gruppe handelspartner in konzern konzerngesellschaften kooperationspartner lieferant lieferanten
	mehrere mitglieder netzwerk netzwerke organisationen partnerfirmen partnern partnerunternehmen personen sonstige
	sonstigen sponsoren tochtergesellschaft tochtergesellschaften tochterunternehmen unsere unserem unseren unserer
	unternehmen unternehmensgruppe verbunden verbundene verbundenen vertragspartner vertrauenswürdige vertrauenswürdigen
	weitere weiteren werbepartner werbetreibende werbetreibenden`)

func words(text string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(text) {
		set[word] = true
	}
	return set
}

// isGeneric says that a recipient, or one of several in one name, is nobody in particular.
func isGeneric(name string) bool {
	name = strings.NewReplacer(" and ", ",", " or ", ",", " und ", ",", " oder ", ",", " sowie ", ",", "&", ",", "+", ",", "/", ",", ";", ",", "(", ",", ")", ",").Replace(strings.ToLower(name))
	for part := range strings.SplitSeq(name, ",") {
		named := strings.FieldsFunc(part, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if len(named) > 0 && allGeneric(named) {
			return true
		}
	}
	return !strings.ContainsFunc(name, unicode.IsLetter)
}

func allGeneric(list []string) bool {
	for _, word := range list {
		if !generic[word] {
			return false
		}
	}
	return true
}
