package demoshop

import _ "embed"

//go:embed logo.svg
var logo []byte

// Logo is the shop's mark, for its registration.
func Logo() []byte { return logo }

// Purposes says why the shop asks for each claim, one sentence each, in English and German
// (language tags as in OpenID Connect Registration 2.1).
func Purposes() map[string]string {
	return map[string]string{
		"name":         "To greet you and to write it on the parcel.",
		"name#de":      "Um Sie zu begrüßen und das Paket zu beschriften.",
		"email":        "To tell you when your flowers are on their way.",
		"email#de":     "Um Ihnen zu sagen, wann Ihre Blumen unterwegs sind.",
		"address":      "To deliver your flowers.",
		"address#de":   "Um Ihre Blumen zu liefern.",
		"birthdate":    "To send you a bouquet on your birthday.",
		"birthdate#de": "Um Ihnen zum Geburtstag einen Strauß zu schicken.",
	}
}
