package vault_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/meins-id/meins/vault"
)

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

func TestNewRecoveryCode_isSevenGroupsOfFour_andNeverTheSame(t *testing.T) {
	form := regexp.MustCompile(`^([` + crockford + `]{4}-){6}[` + crockford + `]{4}$`)
	seen := map[string]bool{}
	for range 200 {
		code := vault.NewRecoveryCode()
		text := code.Text()
		if !form.MatchString(text) || seen[text] {
			t.Fatalf("%q", text)
		}
		seen[text] = true
		if again, err := vault.ParseRecoveryCode(text); err != nil || !again.Equal(code) || again.Text() != text {
			t.Fatalf("%q: %v", text, err)
		}
	}
}

func TestParseRecoveryCode_forgivesHowPeopleType(t *testing.T) {
	code := vault.NewRecoveryCode()
	text := code.Text()
	for _, typed := range []string{
		strings.ToLower(text),
		strings.ReplaceAll(text, "-", ""),
		strings.ReplaceAll(text, "-", " "),
		strings.ReplaceAll(text, "-", "\u2013"),
		" \t" + strings.ReplaceAll(text, "-", " - ") + "\n",
		strings.ReplaceAll(strings.ReplaceAll(text, "0", "O"), "1", "I"),
		strings.ReplaceAll(strings.ReplaceAll(text, "0", "o"), "1", "l"),
	} {
		if got, err := vault.ParseRecoveryCode(typed); err != nil || !got.Equal(code) {
			t.Errorf("%q: %v", typed, err)
		}
	}
}

func TestParseRecoveryCode_oneWrongOrTwoSwappedSymbols_areAlwaysFound(t *testing.T) {
	symbols := []byte(strings.ReplaceAll(vault.NewRecoveryCode().Text(), "-", ""))
	for i := range symbols {
		right := symbols[i]
		for _, wrong := range []byte(crockford) {
			symbols[i] = wrong
			if _, err := vault.ParseRecoveryCode(string(symbols)); (err == nil) != (wrong == right) {
				t.Errorf("symbol %d as %c: %v", i, wrong, err)
			}
		}
		symbols[i] = right
		for j := range i {
			symbols[i], symbols[j] = symbols[j], symbols[i]
			if _, err := vault.ParseRecoveryCode(string(symbols)); (err == nil) != (symbols[i] == symbols[j]) {
				t.Errorf("symbols %d and %d swapped: %v", i, j, err)
			}
			symbols[i], symbols[j] = symbols[j], symbols[i]
		}
	}
}

func TestParseRecoveryCode_anythingElse_isRefused(t *testing.T) {
	text := vault.NewRecoveryCode().Text()
	for _, typed := range []string{"", "-", text[1:], text + "0", text + text, strings.Repeat("U", 28), text[:10] + "!" + text[11:], text[:10] + "é" + text[11:]} {
		if got, err := vault.ParseRecoveryCode(typed); !errors.Is(err, vault.ErrRecoveryCode) || got.Text() != "" {
			t.Errorf("%q: %v", typed, err)
		}
	}
}

func TestRecoveryCode_zero_opensAndEqualsNothing(t *testing.T) {
	var zero vault.RecoveryCode
	if zero.Text() != "" || zero.Equal(zero) || vault.FromRecovery(zero).Kind() != "" || vault.FromRecovery(zero).Auth() != nil {
		t.Error("something came out of nothing")
	}
}
