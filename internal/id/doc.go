// Package id owns the identifiers of accounts, sessions, vendors, grants and the like.
//
// Each kind is a type of its own, so that the compiler refuses an account where a grant is meant.
// An identifier is 26 characters of lower-case base32 (130 random bits): safe in URLs, file names
// and log lines, and never a secret. Secrets are not identifiers and do not live here.
//
// Imported by every room; imports nothing of the project.
package id
