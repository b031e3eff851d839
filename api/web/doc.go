// Package web owns the pages: templates, static files, languages, and the addresses people visit.
//
// A page is a shell that the server renders: who asks, what, why, until when, where things stand.
// It never contains a value of the customer, because the server has none; the agent in the browser
// puts them in, and changes them through the REST API. So no page here takes a form, and the content
// security policy forbids that any is sent: a passphrase cannot leave by mistake.
//
// It never decides what a vendor may have, reads no store, and sends no browser to a third party
// other than the vendor that the customer answers.
//
// Imported by api; imports identity, identity/provider, consent, vault and the ground.
package web
