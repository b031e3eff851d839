package web

import "net/http"

// The policies. A page runs our scripts and nothing else, sends no form, and stands in no frame.
// WebAssembly needs a word of its own; it permits no eval of text. The agent's worker starts from a
// blob, so that its scripts are checked against their hashes first, and inherits this policy.
const (
	pagePolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; " +
		"font-src 'self'; connect-src 'self'; worker-src blob:; manifest-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
	// A page with a search sends that, to itself, where no script runs. It has no other form that a browser
	// would send: those with a passphrase belong to dialogs, whose method is dialog.
	searchPolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; " +
		"font-src 'self'; connect-src 'self'; worker-src blob:; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	// A static file that somebody opens by its address is looked at, and does nothing.
	staticPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
	// A logo comes from a vendor: it may be drawn, and nothing else.
	logoPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
)

// secure sets the headers that every page has. Pages are made for one customer and one moment:
// nobody keeps them.
func secure(h http.Header) {
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
}
