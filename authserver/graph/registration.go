package graph

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// Bounds of a registration.
const (
	maxName   = 256  // bytes of a name, a scope or an identifier URI
	maxScopes = 500  // scopes, and identifier URIs
	maxURL    = 2048 // bytes of any other URL
)

// Registration is what the application's registration says about itself. Texts
// are as Graph has them: whoever shows them must escape them.
type Registration struct {
	// DisplayName holds no control characters and at most 256 bytes; a longer one is cut.
	DisplayName string
	// AppIDURIs are the identifier URIs, without the bare client id: at most 500,
	// each printable ASCII of at most 256 bytes without blanks. Others are left out.
	AppIDURIs []string
	// Scopes are the values of the enabled delegated permissions that the
	// application itself offers, under the same bounds.
	Scopes []string
	// The URLs are https (the logo's also http on loopback, if Graph's own is on
	// loopback), without a user, and of at most 2048 bytes; else "".
	LogoURL, SupportURL, PrivacyURL, TermsURL string
}

// Registration reads the service principal of the application clientID (a GUID)
// in the token's tenant. Names that are missing or null are empty; every other
// surprise, also an answer about another application, is an *Error. An error that
// is none means that clientID is wrong and that nothing was asked. It makes one
// request, repeats none, and takes no longer than the configured timeout.
func (c *Client) Registration(ctx context.Context, token secret.String, clientID string) (*Registration, error) {
	const doing = "read the app registration"
	id, ok := guid(clientID)
	if !ok {
		return nil, errors.New(doing + ": the client id must be a GUID")
	}
	call, err := c.newCall(token, "/servicePrincipals(appId='"+id+"')?$select=appId,displayName,servicePrincipalNames,oauth2PermissionScopes,info", nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var dropped int
	r, err := ask(ctx, c, c.counted.app, call, func(answer []byte) (r *Registration, err error) {
		r, dropped, err = readRegistration(answer, id, c.local())
		return r, err
	})
	if err != nil {
		return nil, c.problem(doing, call.heard, err, token)
	}
	if dropped > 0 {
		c.log.WarnContext(ctx, "scopes or identifier uris of the app registration are ignored: they are too many or cannot be used", "ignored", dropped)
	}
	return r, nil
}

// local reports whether the configured Graph is on loopback.
func (c *Client) local() bool {
	u, err := url.Parse(c.adapter.GetBaseUrl())
	return err == nil && loopback(u.Hostname())
}

func readRegistration(answer []byte, clientID string, local bool) (r *Registration, dropped int, err error) {
	object, err := read[members](answer)
	if err != nil {
		return nil, 0, err
	}
	appID, err := read[string](object["appId"])
	if err != nil || !strings.EqualFold(appID, clientID) {
		return nil, 0, errUnreadable
	}
	name, err := optional[string](object["displayName"])
	if err != nil {
		return nil, 0, err
	}
	r = &Registration{DisplayName: displayName(name, maxName)}
	uris, err := readURIs(object["servicePrincipalNames"])
	if err != nil {
		return nil, 0, err
	}
	scopes, err := readScopes(object["oauth2PermissionScopes"])
	if err != nil {
		return nil, 0, err
	}
	info, err := optional[members](object["info"])
	if err != nil {
		return nil, 0, err
	}
	for member, target := range map[string]*string{
		"logoUrl": &r.LogoURL, "supportUrl": &r.SupportURL, "privacyStatementUrl": &r.PrivacyURL, "termsOfServiceUrl": &r.TermsURL,
	} {
		text, err := optional[string](info[member])
		if err != nil {
			return nil, 0, err
		}
		if usableURL(text, local && member == "logoUrl") {
			*target = text
		}
	}
	r.AppIDURIs, r.Scopes = usable(uris), usable(scopes)
	return r, len(uris) + len(scopes) - len(r.AppIDURIs) - len(r.Scopes), nil
}

// readURIs reads the names of a service principal that are URIs; the bare client
// id is none.
func readURIs(raw []byte) ([]string, error) {
	names, err := read[[]any](raw)
	if err != nil {
		return nil, err
	}
	var uris []string
	for _, one := range names {
		name, ok := one.(string)
		if !ok {
			return nil, errUnreadable
		}
		if strings.Contains(name, ":") {
			uris = append(uris, name)
		}
	}
	return uris, nil
}

// readScopes reads the values of the enabled permissions.
func readScopes(raw []byte) ([]string, error) {
	list, err := read[[]members](raw)
	if err != nil {
		return nil, err
	}
	var scopes []string
	for _, one := range list {
		enabled, err := read[bool](one["isEnabled"])
		if err != nil {
			return nil, err
		}
		value, err := optional[string](one["value"])
		if err != nil {
			return nil, err
		}
		if enabled && value != "" {
			scopes = append(scopes, value)
		}
	}
	return scopes, nil
}

// optional is read for a member that may be missing or null.
func optional[T any](raw []byte) (value T, err error) {
	if absent(raw) {
		return value, nil
	}
	return read[T](raw)
}

// usable keeps the texts that may stand in a list of scopes.
func usable(texts []string) []string {
	var out []string
	for _, text := range texts {
		if len(out) < maxScopes && text != "" && len(text) <= maxName && printable(text) && !strings.ContainsAny(text, `"\`) {
			out = append(out, text)
		}
	}
	return out
}

// printable reports whether text is printable ASCII without blanks.
func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// displayName makes a name from the directory fit to be shown, in at most so many bytes: it drops control
// characters, and formatting ones, which could turn the text around, and cuts between characters.
func displayName(name string, most int) string {
	return shortened(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, name), most)
}

// shortened returns the first of the text that fits into so many bytes, in whole
// characters, without white space around it.
func shortened(text string, most int) string {
	text = strings.TrimSpace(text)
	if len(text) <= most {
		return text
	}
	for !utf8.RuneStart(text[most]) {
		most--
	}
	return strings.TrimSpace(text[:most])
}

// usableURL reports whether text is an https URL that a page may link to; with
// local, http on loopback is one too.
func usableURL(text string, local bool) bool {
	if len(text) > maxURL || !printable(text) || strings.ContainsAny(text, `"<>\`) {
		return false
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil {
		return false
	}
	return u.Scheme == "https" || local && u.Scheme == "http" && loopback(u.Hostname())
}
