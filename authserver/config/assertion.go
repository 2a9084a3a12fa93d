package config

import (
	"bytes"
	"errors"
	"strings"
	"unicode"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

const (
	maxAssertionKeys = 64 << 10 // bytes of the file
	maxAssertionName = 200      // bytes of an issuer or an audience
)

// assertionName is how a signed identity names who signed it, or for whom.
type assertionName string

// Decode implements envconfig.Decoder.
func (n *assertionName) Decode(value string) error {
	if !isGraphic(value, maxAssertionName) {
		return expect("must be a URL or a name, at most %d bytes of printable ASCII without blanks", maxAssertionName)
	}
	*n = assertionName(value)
	return nil
}

// headerName is the whole name of a header, in lower case.
type headerName string

// Decode implements envconfig.Decoder.
func (n *headerName) Decode(value string) error {
	if len(value) > maxHeaderPrefix || strings.ContainsFunc(value, func(r rune) bool { return r > unicode.MaxASCII || !isLetterOrDigit(r) && r != '-' }) {
		return expect("must be letters, digits and hyphens, such as x-injected-assertion, at most %d bytes", maxHeaderPrefix)
	}
	*n = headerName(strings.ToLower(value))
	return nil
}

// assertion sets what identities are signed with. What is in the file is judged by who
// signs.
func (s *spec) assertion(r *report, c *Config) {
	if s.AssertionKeysFile == "" {
		for _, name := range []string{"EASYAUTH_ASSERTION_AUDIENCE", "EASYAUTH_ASSERTION_ISSUER", "EASYAUTH_ASSERTION_HEADER"} {
			if r.gave(name) {
				r.warn(name, "has no effect: without EASYAUTH_ASSERTION_KEYS_FILE no identity is signed")
			}
		}
		return
	}
	text, err := secret.ReadFile(s.AssertionKeysFile, maxAssertionKeys)
	if err == nil && len(bytes.TrimSpace(text)) == 0 {
		err = errors.New("is empty")
	}
	if err != nil {
		r.fault("EASYAUTH_ASSERTION_KEYS_FILE", "must name a file of private keys, at most 64 KB; %s: %v", shownPath(s.AssertionKeysFile), err)
	}
	r.note("EASYAUTH_ASSERTION_KEYS_FILE", text)
	c.AssertionKeys = secret.New(string(text))
	c.AssertionAudience, c.AssertionHeader = string(s.AssertionAudience), string(s.AssertionHeader)
	c.AssertionIssuer = string(s.AssertionIssuer)
	if c.AssertionIssuer == "" && len(c.Hosts) > 0 {
		c.AssertionIssuer = "https://" + assertionHost(c) + c.BasePath
	}
}

// assertionHost is the host that everybody signs in at, else the first that is no pattern,
// in lower case.
func assertionHost(c *Config) string {
	if c.CallbackHost != "" {
		return strings.ToLower(c.CallbackHost)
	}
	for _, host := range c.Hosts {
		if !strings.HasPrefix(host, "*") && !strings.Contains(host, "://") {
			return strings.ToLower(host)
		}
	}
	host := strings.TrimPrefix(c.Hosts[0], "http://")
	return strings.ToLower(strings.TrimPrefix(host, "*."))
}
