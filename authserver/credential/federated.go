package credential

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// federated sends a token that the platform writes into a file.
type federated struct{ path string }

// compactJWS is the shape of a signed token: three parts in base64url.
var compactJWS = regexp.MustCompile(`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$`)

func newFederated(cfg Config) (proof, error) {
	f := federated{cfg.FederatedTokenFile}
	_, err := f.read()
	return f, err
}

func (federated) kind() string { return "federated" }

func (f federated) add(form url.Values, _ string) error {
	token, err := f.read()
	if err != nil {
		return err
	}
	setAssertion(form, token)
	return nil
}

// read reads the file anew: the platform replaces it every hour or so, and an old
// token is of no use.
func (f federated) read() (string, error) {
	if _, err := stat(f.path); err != nil {
		return "", fmt.Errorf("read federated token file %q: %w", f.path, err)
	}
	text, err := content(f.path)
	if err != nil {
		return "", fmt.Errorf("read federated token file %q: %w", f.path, err)
	}
	text = strings.TrimRight(text, "\r\n")
	if !compactJWS.MatchString(text) {
		return "", fmt.Errorf("read federated token file %q: %w", f.path, errors.New("it is not a signed token (three parts in base64url)"))
	}
	return text, nil
}
