// Package floors holds the laws of the source tree and nothing else. Its tests fail when a package imports
// what is above it, when something heavy or foreign slips in, when a package keeps state of its own, or
// when a document links to a file that is not there.
//
// The house is in table.go: every package of the server has a row, and a new one needs a row too. The laws
// are functions from what was found to a list of complaints, so that the tests can show each of them a
// tree that breaks it.
package floors
