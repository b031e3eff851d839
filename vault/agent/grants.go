package agent

import (
	"context"
	"strconv"
	"strings"

	"github.com/meins-id/meins/internal/id"
)

// Grants lists every consent, in force or not.
func (a *Agent) Grants(ctx context.Context) ([]Grant, error) {
	var answer GrantList
	err := a.transport.Do(ctx, "GET", "/grants", nil, &answer)
	return answer.Grants, err
}

// Releases lists when the vendor read which claims, the newest first. The page after begins at its
// Next.
func (a *Agent) Releases(ctx context.Context, grant id.Grant, before string, limit int) (ReleaseList, error) {
	path, err := grantPath(grant, "/releases")
	if err != nil {
		return ReleaseList{}, err
	}
	var query []string
	if before != "" {
		query = append(query, "before="+escape(before))
	}
	if limit > 0 {
		query = append(query, "limit="+strconv.Itoa(limit))
	}
	if len(query) > 0 {
		path += "?" + strings.Join(query, "&")
	}
	var answer ReleaseList
	err = a.transport.Do(ctx, "GET", path, nil, &answer)
	return answer, err
}

// Withdraw ends a consent, for good and at once.
func (a *Agent) Withdraw(ctx context.Context, grant id.Grant) (Grant, error) {
	path, err := grantPath(grant, "/withdraw")
	if err != nil {
		return Grant{}, err
	}
	var answer Grant
	err = a.transport.Do(ctx, "POST", path, nil, &answer)
	return answer, err
}

// grantPath takes only what is an identifier: it becomes part of an address.
func grantPath(grant id.Grant, what string) (string, error) {
	if _, err := id.Parse[id.Grant](string(grant)); err != nil {
		return "", ErrCall.Because(err)
	}
	return "/grants/" + string(grant) + what, nil
}

// escape writes a text into a query (net/url is large, and this is all that is needed of it).
func escape(s string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == '~':
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}
