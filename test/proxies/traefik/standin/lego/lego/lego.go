// Package lego is the client; see package acme.
package lego

import (
	"crypto"
	"crypto/x509"
	"net/http"
	"time"

	"github.com/go-acme/lego/v5/acme"
	"github.com/go-acme/lego/v5/certificate"
	"github.com/go-acme/lego/v5/challenge"
	"github.com/go-acme/lego/v5/challenge/dns01"
	"github.com/go-acme/lego/v5/challenge/http01"
	"github.com/go-acme/lego/v5/challenge/tlsalpn01"
	"github.com/go-acme/lego/v5/registration"
)

// DirectoryURLLetsEncrypt is the address that Traefik takes when none is configured; nobody asks there.
const DirectoryURLLetsEncrypt = "https://acme.invalid/directory"

// User is the account's owner.
type User interface {
	GetEmail() string
	GetRegistration() *acme.ExtendedAccount
	GetPrivateKey() crypto.Signer
}

// Config of a Client.
type Config struct {
	CADirURL, UserAgent string
	HTTPClient          *http.Client
	Certificate         struct{ Timeout time.Duration }
}

// NewConfig is empty.
func NewConfig(User) *Config { return &Config{} }

// Client would speak with an authority.
type Client struct {
	Certificate  certificate.Certifier
	Registration registration.Registrar
	Challenge    Solvers
}

// NewClient is an error.
func NewClient(*Config) (*Client, error) { return nil, acme.ErrLeftOut }

// CreateCertPool is an error.
func CreateCertPool([]string, bool) (*x509.CertPool, error) { return nil, acme.ErrLeftOut }

// Solvers would answer challenges.
type Solvers struct{}

// SetDNS01Provider is an error.
func (Solvers) SetDNS01Provider(challenge.Provider, ...dns01.Option) error { return acme.ErrLeftOut }

// SetHTTP01Provider is an error.
func (Solvers) SetHTTP01Provider(challenge.Provider, ...http01.Option) error { return acme.ErrLeftOut }

// SetTLSALPN01Provider is an error.
func (Solvers) SetTLSALPN01Provider(challenge.Provider, ...tlsalpn01.Option) error {
	return acme.ErrLeftOut
}
