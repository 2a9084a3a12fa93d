// Package docs holds the documents to the program: what they name must exist, and what they tell people to
// type must work. Links are the business of package test/floors. It knows the documents and the public
// surface of the program (settings, commands, metrics, values of the chart), and nothing of how it works.
package docs
