package identity

import (
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxDN is the longest distinguished name that is looked at, in bytes.
const maxDN = 1000

var errDN = errors.New("not a distinguished name (RFC 4514)")

// dnTypes are the short names of attribute types: those of RFC 4514, 3, and the few more that
// certificates of firms have. Every other type is written as its numbers.
var dnTypes = map[string]string{
	"CN": "2.5.4.3", "L": "2.5.4.7", "ST": "2.5.4.8", "O": "2.5.4.10", "OU": "2.5.4.11", "C": "2.5.4.6", "STREET": "2.5.4.9",
	"DC": "0.9.2342.19200300.100.1.25", "UID": "0.9.2342.19200300.100.1.1",
	"SERIALNUMBER": "2.5.4.5", "BUSINESSCATEGORY": "2.5.4.15", "ORGANIZATIONIDENTIFIER": "2.5.4.97", "EMAILADDRESS": "1.2.840.113549.1.9.1",
}

// dnPart is one attribute of a distinguished name: its value as text, or in DER.
type dnPart struct{ oid, text, der string }

// same compares a part that was written with one of a certificate, letter by letter.
func (p dnPart) same(cert dnPart) bool {
	if p.oid != cert.oid {
		return false
	}
	if p.der != "" {
		return p.der == cert.der
	}
	return cert.text != "" && p.text == cert.text
}

// parseDN reads the string form of RFC 4514: the last relative name first, as it is written there, so
// that the first one of the result is the first one of a certificate.
func parseDN(s string) ([][]dnPart, error) {
	if s == "" || len(s) > maxDN || !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return nil, errDN
	}
	var names [][]dnPart
	for _, relative := range splitDN(s, ',') {
		var parts []dnPart
		for _, one := range splitDN(relative, '+') {
			part, err := parseDNPart(one)
			if err != nil {
				return nil, err
			}
			parts = append(parts, part)
		}
		names = append(names, parts)
	}
	slices.Reverse(names)
	return names, nil
}

// splitDN splits at a sign that no backslash stands before.
func splitDN(s string, at byte) []string {
	var parts []string
	from := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case at:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[from:])
}

func parseDNPart(s string) (dnPart, error) {
	name, value, ok := strings.Cut(s, "=")
	if !ok || value == "" {
		return dnPart{}, errDN
	}
	part := dnPart{oid: dnTypes[strings.ToUpper(name)]}
	if part.oid == "" {
		if !isOID(name) {
			return dnPart{}, errDN
		}
		part.oid = name
	}
	if digits, isHex := strings.CutPrefix(value, "#"); isHex {
		der, err := hex.DecodeString(digits)
		part.der = string(der)
		if err != nil || len(der) == 0 {
			return dnPart{}, errDN
		}
		return part, nil
	}
	var err error
	part.text, err = unescapeDN(value)
	return part, err
}

// unescapeDN reads a value (RFC 4514, 3): what must be escaped and is not, is no value.
func unescapeDN(s string) (string, error) {
	if s[0] == ' ' || s[len(s)-1] == ' ' && !strings.HasSuffix(s, `\ `) {
		return "", errDN
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if strings.IndexByte(`"+,;<>`, s[i]) >= 0 {
			return "", errDN
		}
		if s[i] != '\\' {
			out = append(out, s[i])
			continue
		}
		if i+1 >= len(s) {
			return "", errDN
		}
		if strings.IndexByte(`"+,;<>\ #=`, s[i+1]) >= 0 {
			out = append(out, s[i+1])
			i++
			continue
		}
		if i+2 >= len(s) {
			return "", errDN
		}
		b, err := hex.DecodeString(s[i+1 : i+3])
		if err != nil {
			return "", errDN
		}
		out = append(out, b...)
		i += 2
	}
	if !utf8.Valid(out) {
		return "", errDN
	}
	return string(out), nil
}

// isOID accepts numbers with dots between, each in its one spelling.
func isOID(s string) bool {
	numbers := strings.Split(s, ".")
	for _, n := range numbers {
		if n == "" || len(n) > 1 && n[0] == '0' || strings.ContainsFunc(n, func(r rune) bool { return r < '0' || r > '9' }) {
			return false
		}
	}
	return len(numbers) > 1
}

// certificateDN reads the name in a certificate.
func certificateDN(raw []byte) ([][]dnPart, error) {
	type attribute struct {
		Type  asn1.ObjectIdentifier
		Value asn1.RawValue
	}
	type relativeSET []attribute
	var sequence []relativeSET
	rest, err := asn1.Unmarshal(raw, &sequence)
	if err != nil || len(rest) > 0 {
		return nil, errDN
	}
	names := make([][]dnPart, len(sequence))
	for i, relative := range sequence {
		for _, a := range relative {
			part := dnPart{oid: a.Type.String(), der: string(a.Value.FullBytes)}
			switch a.Value.Tag {
			case asn1.TagUTF8String, asn1.TagPrintableString, asn1.TagIA5String, asn1.TagNumericString:
				if a.Value.Class == asn1.ClassUniversal && utf8.Valid(a.Value.Bytes) {
					part.text = string(a.Value.Bytes)
				}
			}
			names[i] = append(names[i], part)
		}
	}
	return names, nil
}

// sameDN compares two names part by part; within a relative name the order says nothing.
func sameDN(written, cert [][]dnPart) bool {
	return slices.EqualFunc(written, cert, func(a, b []dnPart) bool {
		if len(a) != len(b) || len(a) == 0 {
			return false
		}
		left := slices.Clone(b)
		for _, part := range a {
			i := slices.IndexFunc(left, part.same)
			if i < 0 {
				return false
			}
			left = slices.Delete(left, i, i+1)
		}
		return true
	})
}
