package config

import (
	"strings"
)

// HeaderMapping is a header that is named for one claim. What its parts may be is judged
// by who writes it, but for the encoding.
type HeaderMapping struct {
	Header, Claim string
	Encoding      string // UrlEncode, Base64, None or NoneWithReject
	Separator     string
}

const maxMappings = 50

// headerProfile is whose names the identity headers have.
type headerProfile string

// Decode implements envconfig.Decoder.
func (p *headerProfile) Decode(value string) error {
	choice, err := choose(value, "easyauth", "oauth2-proxy", "pomerium", "authentik")
	*p = headerProfile(choice)
	return err
}

// headerMap is a list of mappings: HEADER=CLAIM, and behind blanks the encoding and the
// separator.
type headerMap []HeaderMapping

// Decode implements envconfig.Decoder.
func (m *headerMap) Decode(value string) error {
	*m = nil
	for i, entry := range strings.Split(value, "\n") {
		words := strings.Fields(entry)
		if len(words) == 0 {
			continue
		}
		header, claim, found := strings.Cut(words[0], "=")
		if !found || header == "" || claim == "" || len(words) > 3 || len(claim) > maxClaimName {
			return expect("must have one mapping a line: HEADER=CLAIM, and then, with blanks between, an encoding and a separator, such as X-Roles=roles None ,; line %d is none", i+1)
		}
		mapping := HeaderMapping{Header: header, Claim: claim, Encoding: "UrlEncode", Separator: "|"}
		if len(words) > 1 {
			choice, err := choose(words[1], encodings()...)
			if err != nil {
				return expect("line %d: the encoding must be one of %s", i+1, strings.Join(encodings(), ", "))
			}
			mapping.Encoding = choice
		}
		if len(words) > 2 {
			mapping.Separator = words[2]
		}
		*m = append(*m, mapping)
	}
	switch {
	case len(*m) == 0:
		return expect("must have at least one mapping")
	case len(*m) > maxMappings:
		return expect("must have at most %d mappings; there are %d", maxMappings, len(*m))
	}
	return nil
}
