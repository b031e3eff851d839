// Package shown owns one question: can a text that somebody else chose stand on a customer's screen,
// and show there what it says, all of it, and nothing beside it?
//
// It never changes a text and knows no language. What it refuses could hide, look like nothing at all,
// turn the direction of the writing around it, or paint over its neighbours.
//
// Imported by consent and identity; imports nothing of the project.
package shown
