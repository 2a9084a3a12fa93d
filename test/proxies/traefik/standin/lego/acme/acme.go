// Package acme and its siblings stand in for lego, the ACME client that Traefik is built with: the names that Traefik's
// source mentions, and no ACME. The real one brings the software kits of a hundred DNS services along, hundreds of
// megabytes, and no test asks an authority for a certificate.
package acme

import "errors"

// ErrLeftOut is what every call of the stand-in answers.
var ErrLeftOut = errors.New("ACME is left out of this build of Traefik")

// Account is what an authority knows of an account.
type Account struct{}

// ExtendedAccount is an account and its address.
type ExtendedAccount struct {
	Account

	Location string
}
