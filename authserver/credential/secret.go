package credential

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// clientSecret sends a secret as it is (client_secret_post).
type clientSecret struct{ current func() secret.String }

func newSecretValue(value secret.String) (proof, error) {
	if err := checkSecret(value.Reveal()); err != nil {
		return nil, fmt.Errorf("client secret: %w", err)
	}
	return clientSecret{func() secret.String { return value }}, nil
}

func newSecretFile(cfg Config) (proof, error) {
	file, err := watch("client secret file", cfg.Log, func(texts []string) (secret.String, error) {
		return secret.New(texts[0]), checkSecret(texts[0])
	}, cfg.SecretFile)
	if err != nil {
		return nil, err
	}
	return clientSecret{file.current}, nil
}

// checkSecret refuses what no provider gives out: a line break that was copied
// along, a byte order mark, half of a file.
func checkSecret(text string) error {
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unprintable) {
		return errors.New("it has a character that cannot be printed, such as a line break")
	}
	return nil
}

func (clientSecret) kind() string { return "secret" }

func (c clientSecret) add(form url.Values, _ string) error {
	form.Set("client_secret", c.current().Reveal())
	return nil
}
