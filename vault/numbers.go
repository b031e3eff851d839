package vault

import "strings"

// ibanLengths are the countries of the IBAN registry, each with how long its numbers are.
const ibanLengths = "" +
	"AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24FI18FK18FO18FR27GB22GE22GI23" +
	"GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28" +
	"NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30"

// checkIBAN wants a country of the registry, its length, and the check digits of ISO 7064 mod 97-10.
func checkIBAN(s string) (string, error) {
	s = compact(s)
	if len(s) < 5 || len(s) != ibanLength(s[:2]) || !isDigit(s[2]) || !isDigit(s[3]) {
		return "", ErrIBAN
	}
	rest := 0
	for _, c := range []byte(s[4:] + s[:4]) {
		switch {
		case isDigit(c):
			rest = (rest*10 + int(c-'0')) % 97
		case isUpper(c):
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return "", ErrIBAN
		}
	}
	return s, unless(rest == 1, ErrIBAN)
}

func ibanLength(country string) int {
	for i := 0; i < len(ibanLengths); i += 4 {
		if ibanLengths[i:i+2] == country {
			return int(ibanLengths[i+2]-'0')*10 + int(ibanLengths[i+3]-'0')
		}
	}
	return -1
}

// vatForms are the forms of VAT numbers: 9 stands for a digit, A for a letter, X for either, anything
// else for itself. Countries that are not here have forms of their own, and are taken at their word.
const vatForms = " ATU99999999 BE9999999999 BG999999999 BG9999999999 CHE999999999 CHE999999999MWST CHE999999999TVA CHE999999999IVA" +
	" CY99999999A CZ99999999 CZ999999999 CZ9999999999 DE999999999 DK99999999 EE999999999 EL999999999 ESX9999999X FI99999999" +
	" FRXX999999999 GB999999999 GB999999999999 GBGD999 GBHA999 HR99999999999 HU99999999 IE9999999A IE9999999AA IE9A99999A" +
	" IT99999999999 LT999999999 LT999999999999 LU99999999 LV99999999999 MT99999999 NL999999999B99 NO999999999 NO999999999MVA" +
	" PL9999999999 PT999999999 RO99 RO999 RO9999 RO99999 RO999999 RO9999999 RO99999999 RO999999999 RO9999999999 SE999999999999" +
	" SI99999999 SK9999999999 XI999999999 XI999999999999 XIGD999 XIHA999"

// maxVAT is the longest number behind the letters of a country whose form is not known.
const maxVAT = 15

// checkVAT wants the form of the country, and the check digit where it is a plain one.
func checkVAT(s string) (string, error) {
	s = compact(s)
	if len(s) < 4 {
		return "", ErrVAT
	}
	prefix, number := s[:2], s[2:]
	if !strings.Contains(vatForms, " "+prefix) {
		_, _, listed := country(prefix)
		return s, unless(listed && len(number) <= maxVAT && matches(number, strings.Repeat("X", len(number))), ErrVAT)
	}
	for f := range strings.FieldsSeq(vatForms) {
		if f[:2] == prefix && matches(number, f[2:]) {
			return s, unless(vatDigit(prefix, number), ErrVAT)
		}
	}
	return "", ErrVAT
}

func matches(s, form string) bool {
	if len(s) != len(form) {
		return false
	}
	for i := range len(s) {
		c, ok := s[i], false
		switch form[i] {
		case '9':
			ok = isDigit(c)
		case 'A':
			ok = isUpper(c)
		case 'X':
			ok = isDigit(c) || isUpper(c)
		default:
			ok = c == form[i]
		}
		if !ok {
			return false
		}
	}
	return true
}

// vatDigit checks the check digits of those countries whose rule is public and short.
func vatDigit(prefix, number string) bool {
	switch prefix {
	case "DE", "HR": // ISO 7064 mod 11,10
		product := 10
		for i := range len(number) - 1 {
			sum := (int(number[i]-'0') + product) % 10
			if sum == 0 {
				sum = 10
			}
			product = 2 * sum % 11
		}
		return (11-product)%10 == int(number[len(number)-1]-'0')
	case "BE":
		return 97-decimal(number[:8])%97 == decimal(number[8:])
	case "LU":
		return decimal(number[:6])%89 == decimal(number[6:])
	}
	return true
}

// decimal reads digits; they were checked to be some.
func decimal(s string) int {
	n := 0
	for i := range len(s) {
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// compact drops what people write into numbers to read them, and takes small letters as large ones.
func compact(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '.' || r == '-' || r == '\u00a0':
			return -1
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return r
	}, s)
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
