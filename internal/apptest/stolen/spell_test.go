package stolen_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"html/template"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// spellings are the ways in which a thief would find a value, by their names.
func spellings(value []byte) map[string][]byte {
	all := map[string][]byte{
		"raw": value, "hex": []byte(hex.EncodeToString(value)), "HEX": []byte(strings.ToUpper(hex.EncodeToString(value))),
		"numbers": []byte(strings.Trim(fmt.Sprint(value), "[]")), // as a careless print of bytes shows them
	}
	for before := range 3 {
		all[fmt.Sprintf("base64 after %d", before)] = inside(base64.RawStdEncoding, value, before)
		all[fmt.Sprintf("base64url after %d", before)] = inside(base64.RawURLEncoding, value, before)
	}
	if !utf8.Valid(value) {
		return all
	}
	text := string(value)
	all["UTF-16LE"], all["UTF-16BE"] = wide(text, 0), wide(text, 1)
	all["JSON"], all["JSON in ASCII"] = quoted(text), ascii(text)
	all["query"], all["path"] = []byte(url.QueryEscape(text)), []byte(url.PathEscape(text))
	all["query in lower case"] = lowerEscapes(url.QueryEscape(text))
	all["HTML"], all["query in HTML"] = markup(text), markup(url.QueryEscape(text))
	return all
}

// inside is what of the value shows in the base64 of a text that has it after some bytes modulo 3:
// not the characters that its neighbours have a part in.
func inside(encoding *base64.Encoding, value []byte, before int) []byte {
	text := encoding.EncodeToString(append(make([]byte, before), value...))
	first, last := (before*8+5)/6, (before+len(value))*8/6
	return []byte(text[first:last])
}

// wide is UTF-16 with the low byte at this place of each two.
func wide(text string, low int) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		pair := [2]byte{}
		pair[low], pair[1-low] = byte(unit), byte(unit>>8)
		b = append(b, pair[:]...)
	}
	return b
}

// quoted is the text inside JSON.
func quoted(text string) []byte {
	b, _ := json.Marshal(text) // a string does not fail
	return b[1 : len(b)-1]
}

// ascii is the text inside JSON of a writer that escapes everything it can.
func ascii(text string) []byte {
	var b bytes.Buffer
	for _, r := range text {
		switch {
		case r == '/':
			b.WriteString(`\/`)
		case r < utf8.RuneSelf:
			b.Write(quoted(string(r)))
		default:
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, `\u%04x`, unit)
			}
		}
	}
	return b.Bytes()
}

// lowerEscapes writes %C3 as %c3.
func lowerEscapes(escaped string) []byte {
	b := []byte(escaped)
	for i := range b {
		if b[i] == '%' && i+2 < len(b) {
			copy(b[i+1:i+3], bytes.ToLower(b[i+1:i+3]))
		}
	}
	return b
}

// markup is the text in a page, as html/template writes it.
func markup(text string) []byte {
	return []byte(strings.ReplaceAll(html.EscapeString(text), "+", "&#43;"))
}

// found lists where, and in which spelling, the value stands.
func found(haystack, value []byte) []string {
	var all []string
	for name, needle := range spellings(value) {
		if bytes.Contains(haystack, needle) {
			all = append(all, name)
		}
	}
	return all
}

// TestSearch_findsAValueInEverySpelling makes sure that the silence of the other tests means
// something.
func TestSearch_findsAValueInEverySpelling(t *testing.T) {
	const value = `Zoë "Ünsal" / Weg 4711 + 8 ✓`
	object, _ := json.Marshal(map[string]string{"before": "x", "value": value, "after": "y"})
	hidden := map[string][]byte{
		"raw":              []byte("…" + value + "…"),
		"JSON":             object,
		"JSON in ASCII":    []byte(`{"v":"Zo\u00eb \"\u00dcnsal\" \/ Weg 4711 + 8 \u2713"}`),
		"hex":              fmt.Appendf(nil, "00%xff", value),
		"HEX":              fmt.Appendf(nil, "00%Xff", value),
		"numbers":          fmt.Append(nil, []byte("x"+value+"y")),
		"query":            []byte("a=b&v=" + url.QueryEscape(value) + "&c=d"),
		"path":             []byte("/x/" + url.PathEscape(value) + "/y"),
		"UTF-16LE":         wide("x"+value+"y", 0),
		"UTF-16BE":         wide("x"+value+"y", 1),
		"escapes in lower": []byte("v=Zo%c3%ab+%22%c3%9cnsal%22+%2f+Weg+4711+%2b+8+%e2%9c%93"),
	}
	var page bytes.Buffer
	for _, text := range []string{value, url.QueryEscape(value)} {
		page.Reset()
		if err := template.Must(template.New("").Parse(`<p title="{{.}}">`)).Execute(&page, text); err != nil {
			t.Fatal(err)
		}
		hidden["page with "+text] = bytes.Clone(page.Bytes())
	}
	for before := range 5 {
		for after := range 3 {
			text := strings.Repeat("<", before) + value + strings.Repeat(">", after)
			at := fmt.Sprintf(" after %d before %d", before, after)
			hidden["base64"+at] = []byte(base64.StdEncoding.EncodeToString([]byte(text)))
			hidden["base64url"+at] = []byte(base64.URLEncoding.EncodeToString([]byte(text)))
		}
	}
	for name, haystack := range hidden {
		if len(found(haystack, []byte(value))) == 0 {
			t.Errorf("not found in %s: %s", name, haystack)
		}
		if where := found(haystack, []byte("Zoë Ünsel 4712")); len(where) != 0 {
			t.Errorf("another value is found in %s as %v", name, where)
		}
	}
	binary := []byte{0, 0xff, 0xfe, '"', 0x80, 7, 8, 9, 10, 11, 12}
	for _, haystack := range []string{
		base64.StdEncoding.EncodeToString(append([]byte("k"), binary...)), hex.EncodeToString(binary), "x" + string(binary) + "y",
	} {
		if len(found([]byte(haystack), binary)) == 0 {
			t.Errorf("bytes are not found in %q", haystack)
		}
	}
}
