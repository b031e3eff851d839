package web

import (
	"net/http"
	"strconv"
	"strings"
)

// Codes of pages' own.
const (
	codeNotFound = "not-found"
	codeInvalid  = "bad-request"
	codeInternal = "internal"
)

// errorView is what the error page says.
type errorView struct{ Title, Text, Hint, Code string }

// Error shows an error page. The code chooses the words; nothing else of the mistake is shown.
func (w *Web) Error(out http.ResponseWriter, r *http.Request, status int, code string) {
	p := w.newPage(r, "error")
	p.View = p.explain(status, code)
	p.here = nil // the address may be anything, a form's target too: no language switch leads there
	if err := w.render(out, status, p); err != nil {
		w.o.Log.ErrorContext(r.Context(), "error page failed", "problem", code, "error", err)
		http.Error(out, http.StatusText(status), status)
	}
}

// explain finds the words for an error: of its code, or of its status.
func (p page) explain(status int, code string) errorView {
	v := errorView{Code: code, Title: p.T(titleOf(status)), Text: p.T("problem." + codeInvalid)}
	switch {
	case p.Has("problem." + code):
		v.Text = p.T("problem." + code)
	case status == http.StatusNotFound:
		v.Text = p.T("error.404.text")
	case status >= http.StatusInternalServerError:
		v.Text = p.T("problem." + codeInternal)
	}
	switch {
	case strings.HasPrefix(code, "flow-"):
		v.Title, v.Hint = p.T("error.flow.title"), p.T("error.flow.hint")
	case p.Has("problem."+code) && isVendorsMistake(code):
		v.Hint = p.T("error.vendor.hint")
	}
	return v
}

// isVendorsMistake says that the customer can do nothing about it.
func isVendorsMistake(code string) bool {
	return strings.HasPrefix(code, "vendor-") || strings.HasPrefix(code, "redirect-") || strings.HasPrefix(code, "claims-")
}

// titleOf is the key of the title for a status.
func titleOf(status int) string {
	switch status {
	case http.StatusForbidden, http.StatusNotFound, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return "error." + strconv.Itoa(status) + ".title"
	}
	if status >= http.StatusInternalServerError {
		return "error.500.title"
	}
	return "error.400.title"
}
