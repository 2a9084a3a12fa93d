package credential

import (
	"errors"
	"log/slog"
	"net/url"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// assertionType says that client_assertion is a JWT (RFC 7523, section 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// Config says who the client is and how it proves it: exactly one of Secret,
// SecretFile, CertificateFile and FederatedTokenFile must be set. Every file must
// be a regular file, or a link to one, of at most 64 KB.
type Config struct {
	ClientID string // required

	// Secret is the client secret itself. It must consist of printable characters.
	Secret secret.String

	// SecretFile holds the client secret. One line break at its end is cut; what is
	// left must consist of printable characters.
	SecretFile string

	// CertificateFile holds the certificate in PEM, with the certificates that
	// issued it behind it if they are there; those are not sent. Its key must be
	// RSA of 2048 bits or more. A certificate that has expired is used all the same,
	// with a warning: the identity provider decides.
	CertificateFile string

	// KeyFile holds the certificate's private key in PEM (PKCS #1 or PKCS #8), not
	// encrypted. Empty means that the key is in CertificateFile. There must be one
	// key in both files together.
	KeyFile string

	// FederatedTokenFile holds a JWT for this client that the platform replaces
	// before it expires. It is read for every request. Whether it has expired is
	// left to the identity provider.
	FederatedTokenFile string

	Log *slog.Logger     // nil logs nothing
	Now func() time.Time // for the times in signed tokens; nil means time.Now
}

// Source adds proofs to requests. It is safe for concurrent use. Make it with New.
type Source struct {
	clientID string
	proof    proof
}

// proof is one kind of proof.
type proof interface {
	kind() string
	// add sets the proof in a form that holds none.
	add(form url.Values, tokenEndpoint string) error
}

// New checks cfg and reads its files once, so that a file that is missing or of no
// use is found at the start. Errors name the file and the fault, never content.
func New(cfg Config) (*Source, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	p, err := newProof(cfg)
	if err != nil {
		return nil, err
	}
	return &Source{clientID: cfg.ClientID, proof: p}, nil
}

func (cfg Config) check() error {
	given := 0
	for _, set := range []bool{!cfg.Secret.Empty(), cfg.SecretFile != "", cfg.CertificateFile != "", cfg.FederatedTokenFile != ""} {
		if set {
			given++
		}
	}
	switch {
	case cfg.ClientID == "":
		return errors.New("client credential: there is no client id")
	case given == 0:
		return errors.New("client credential: there is none; a secret, a secret file, a certificate file or a federated token file is needed")
	case given > 1:
		return errors.New("client credential: there are several; exactly one of secret, secret file, certificate file and federated token file is needed")
	case cfg.KeyFile != "" && cfg.CertificateFile == "":
		return errors.New("client credential: there is a key file without a certificate file")
	}
	return nil
}

func newProof(cfg Config) (proof, error) {
	switch {
	case !cfg.Secret.Empty():
		return newSecretValue(cfg.Secret)
	case cfg.SecretFile != "":
		return newSecretFile(cfg)
	case cfg.CertificateFile != "":
		return newCertificate(cfg)
	default:
		return newFederated(cfg)
	}
}

// Kind returns "secret", "certificate" or "federated".
func (s *Source) Kind() string { return s.proof.kind() }

// Add puts client_id and the proof into the form of a token request, in place of
// any client_id, client_secret, client_assertion and client_assertion_type that
// are there. tokenEndpoint is the URL that the form will be sent to; a signed proof
// is good there alone, once, and for five minutes: call Add for every request, also
// for one that is tried again.
//
// After an error (a federated token that cannot be read now; an empty endpoint) the
// form holds no proof at all and must not be sent. Files of the other kinds that
// have become unreadable are no error here: what was last good is used.
func (s *Source) Add(form url.Values, tokenEndpoint string) error {
	if form == nil || tokenEndpoint == "" {
		return errors.New("add client credential: there is no form or no token endpoint")
	}
	for _, name := range []string{"client_secret", "client_assertion", "client_assertion_type"} {
		form.Del(name)
	}
	form.Set("client_id", s.clientID)
	return s.proof.add(form, tokenEndpoint)
}

func setAssertion(form url.Values, assertion string) {
	form.Set("client_assertion_type", assertionType)
	form.Set("client_assertion", assertion)
}
