// Package challenge holds what a challenge is answered by; see package acme.
package challenge

import "context"

// Provider answers one kind of challenge.
type Provider interface {
	Present(ctx context.Context, domain, token, keyAuth string) error
	CleanUp(ctx context.Context, domain, token, keyAuth string) error
}
