// Package fault owns the kinds of things that go wrong, as a surface needs to tell them apart.
//
// A fault has a stable code for programs and a text that was written to be shown. Its cause, when
// there is one, is for the log only and never leaves the program. Domain packages declare their
// faults as package variables and compare them with errors.Is; surfaces (REST, pages, OAuth, the
// command line) ask Of for the kind and turn it into a status once.
//
// Imported by every room; imports nothing of the project.
package fault
