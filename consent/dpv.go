package consent

import (
	"slices"
	"strings"
)

// dpv is where the Data Privacy Vocabulary of the W3C keeps its concepts.
const dpv = "https://w3id.org/dpv#"

// concept is a purpose of the vocabulary in the languages of the pages.
type concept struct{ en, de string }

// concepts are the purposes of the Data Privacy Vocabulary 2 that vendors of customers use. One that
// is not here is shown by its address.
var concepts = map[string]concept{
	"AcademicResearch":                  {"Academic research", "Wissenschaftliche Forschung"},
	"AccountManagement":                 {"Keeping your customer account", "Führen Ihres Kundenkontos"},
	"Advertising":                       {"Advertising", "Werbung"},
	"AgeVerification":                   {"Checking your age", "Prüfen Ihres Alters"},
	"CommercialResearch":                {"Commercial research", "Kommerzielle Forschung"},
	"CommunicationForCustomerCare":      {"Customer care", "Kundenbetreuung"},
	"CommunicationManagement":           {"Writing to you", "Kommunikation mit Ihnen"},
	"CounterMoneyLaundering":            {"Preventing money laundering", "Verhindern von Geldwäsche"},
	"CreditChecking":                    {"Checking your credit", "Prüfen Ihrer Bonität"},
	"CustomerCare":                      {"Customer care", "Kundenbetreuung"},
	"CustomerClaimsManagement":          {"Handling your claims", "Bearbeiten Ihrer Ansprüche"},
	"CustomerManagement":                {"Looking after customers", "Verwalten von Kunden"},
	"CustomerOrderManagement":           {"Handling your orders", "Bearbeiten Ihrer Bestellungen"},
	"CustomerRelationshipManagement":    {"Looking after the relationship with you", "Pflegen der Beziehung zu Ihnen"},
	"CustomerSolvencyMonitoring":        {"Watching your solvency", "Überwachen Ihrer Zahlungsfähigkeit"},
	"DeliveryOfGoods":                   {"Delivering goods", "Liefern von Waren"},
	"DirectMarketing":                   {"Direct marketing", "Direktwerbung"},
	"DisputeManagement":                 {"Settling disputes", "Beilegen von Streitigkeiten"},
	"EnforceAccessControl":              {"Controlling access", "Kontrollieren des Zugangs"},
	"EnforceSecurity":                   {"Security", "Sicherheit"},
	"FraudPreventionAndDetection":       {"Preventing and detecting fraud", "Verhindern und Erkennen von Betrug"},
	"FulfilmentOfContractualObligation": {"Fulfilling a contract", "Erfüllen eines Vertrags"},
	"FulfilmentOfObligation":            {"Fulfilling an obligation", "Erfüllen einer Pflicht"},
	"IdentityVerification":              {"Checking who you are", "Prüfen Ihrer Identität"},
	"IdentityAuthentication":            {"Recognising you at login", "Wiedererkennen bei der Anmeldung"},
	"ImproveExistingProductsAndServices": {
		"Improving products and services", "Verbessern von Produkten und Diensten",
	},
	"InternalResourceOptimisation": {"Optimising the vendor's own resources", "Optimieren der eigenen Mittel des Anbieters"},
	"LegalCompliance":              {"Obeying the law", "Einhalten von Gesetzen"},
	"MaintainCreditRatingDatabase": {"Keeping a credit rating database", "Führen einer Bonitätsdatenbank"},
	"Marketing":                    {"Marketing", "Marketing"},
	"MisusePreventionAndDetection": {"Preventing and detecting misuse", "Verhindern und Erkennen von Missbrauch"},
	"NonCommercialResearch":        {"Non-commercial research", "Nichtkommerzielle Forschung"},
	"OptimisationForConsumer":      {"Optimising the service for you", "Optimieren des Dienstes für Sie"},
	"PaymentManagement":            {"Handling payments", "Abwickeln von Zahlungen"},
	"Personalisation":              {"Personalisation", "Personalisierung"},
	"PersonalisedAdvertising":      {"Personalised advertising", "Personalisierte Werbung"},
	"ProvidePersonalisedRecommendations": {
		"Personal recommendations", "Persönliche Empfehlungen",
	},
	"RequestedServiceProvision": {"Providing the service that you asked for", "Erbringen des Dienstes, den Sie angefordert haben"},
	"ResearchAndDevelopment":    {"Research and development", "Forschung und Entwicklung"},
	"SellDataToThirdParties":    {"Selling your data to others", "Verkaufen Ihrer Daten an andere"},
	"SellProducts":              {"Selling products", "Verkaufen von Produkten"},
	"ServiceOptimisation":       {"Optimising the service", "Optimieren des Dienstes"},
	"ServicePersonalisation":    {"Personalising the service", "Personalisieren des Dienstes"},
	"ServiceProvision":          {"Providing the service", "Erbringen des Dienstes"},
	"ServiceRegistration":       {"Registering you for the service", "Anmelden zum Dienst"},
	"ServiceUsageAnalytics":     {"Analysing how the service is used", "Auswerten der Nutzung des Dienstes"},
	"SocialMediaMarketing":      {"Marketing in social media", "Marketing in sozialen Medien"},
	"TargetedAdvertising":       {"Targeted advertising", "Gezielte Werbung"},
	"TechnicalServiceProvision": {"Running the service technically", "Technischer Betrieb des Dienstes"},
	"UserInterfacePersonalisation": {
		"Adapting the surface to you", "Anpassen der Oberfläche an Sie",
	},
	"Verification": {"Checking something", "Prüfen einer Angabe"},
}

// Label is a purpose of the Data Privacy Vocabulary in German, or in English; empty for one that
// nobody here knows.
func Label(iri, language string) string {
	name, ok := strings.CutPrefix(iri, dpv)
	said := concepts[name]
	switch {
	case slices.ContainsFunc(dpvAI[:], func(space string) bool { return iri == space+"Training" }):
		said = concept{"Training artificial intelligence", "Trainieren künstlicher Intelligenz"}
	case !ok:
		return ""
	}
	if language == "de" || strings.HasPrefix(language, "de-") {
		return said.de
	}
	return said.en
}
