package entra

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// askedClaims is what a claims parameter asks for and means something here. All
// else in it is kept for LastAuthorize and LastToken alone.
type askedClaims struct {
	idContexts     []string // id_token.acrs
	accessContexts []string // access_token.acrs
	needed         []string // contexts of either that are essential
	earliest       int64    // access_token.nbf: the sign-in must not be older; Unix seconds, 0 for none
	capabilities   []string // access_token.xms_cc
}

var contextForm = regexp.MustCompile(`^c[1-9][0-9]?$`)

// claimMember is a claim in a claims parameter.
type claimMember struct {
	Essential bool            `json:"essential"`
	Value     json.RawMessage `json:"value"` // a text; nbf is also seen as a number
	Values    []string        `json:"values"`
}

func (m *claimMember) value() string {
	var text string
	if json.Unmarshal(m.Value, &text) != nil {
		return string(m.Value)
	}
	return text
}

// contexts returns the authentication contexts, c1 to c99, that the member names.
func (m *claimMember) contexts() []string {
	if m == nil {
		return nil
	}
	var out []string
	for _, text := range append(slices.Clone(m.Values), m.value()) {
		if contextForm.MatchString(text) {
			out = appendNew(out, text)
		}
	}
	return out
}

// readClaims reads a claims parameter; "" asks nothing.
func readClaims(text string) (askedClaims, *stsError) {
	var out askedClaims
	if text == "" {
		return out, nil
	}
	var in struct {
		IDToken struct {
			Acrs *claimMember `json:"acrs"`
		} `json:"id_token"`
		AccessToken struct {
			Acrs *claimMember `json:"acrs"`
			Nbf  *claimMember `json:"nbf"`
			Cc   *claimMember `json:"xms_cc"`
		} `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		return out, malformed("the claims parameter is no JSON object of the expected form")
	}
	out.idContexts, out.accessContexts = in.IDToken.Acrs.contexts(), in.AccessToken.Acrs.contexts()
	for _, m := range []*claimMember{in.IDToken.Acrs, in.AccessToken.Acrs} {
		if m != nil && m.Essential {
			out.needed = appendNew(out.needed, m.contexts()...)
		}
	}
	if nbf := in.AccessToken.Nbf; nbf != nil {
		at, err := strconv.ParseInt(nbf.value(), 10, 64)
		if err != nil {
			return out, malformed("nbf in the claims parameter is no time")
		}
		out.earliest = at
	}
	if cc := in.AccessToken.Cc; cc != nil {
		out.capabilities = cc.Values
	}
	return out, nil
}

// contexts are all authentication contexts that are asked for.
func (a askedClaims) contexts() []string {
	return appendNew(slices.Clone(a.idContexts), a.accessContexts...)
}

// tooOld reports whether a sign-in of this time cannot serve the request:
// max_age, or a claims challenge that wants a sign-in after a moment.
func (req authRequest) tooOld(signedIn, now time.Time) bool {
	if req.hasMaxAge && (req.maxAge == 0 || now.Sub(signedIn) > req.maxAge) {
		return true
	}
	return signedIn.Unix() < req.claims.earliest
}

// readMaxAge reads max_age: whole seconds.
func (req *authRequest) readMaxAge(text string) *stsError {
	if text == "" {
		return nil
	}
	seconds, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return &stsError{code: 90023, oauth: "invalid_request", text: "Unsupported 'max_age' value."}
	}
	req.hasMaxAge, req.maxAge = true, time.Duration(seconds)*time.Second
	return nil
}

// both returns the members of want that are in have.
func both(want, have []string) []string {
	return slices.DeleteFunc(slices.Clone(want), func(w string) bool { return !slices.Contains(have, w) })
}

// withClaims is the grant with what a token request's claims parameter adds. What
// the sign-in did not satisfy needs another one: the refusal repeats the claims.
func (g grant) withClaims(text string) (grant, *stsError) {
	asked, fail := readClaims(text)
	if fail != nil {
		return g, fail
	}
	if missingAny(g.satisfied, asked.needed) || g.authTime.Unix() < asked.earliest {
		return g, &stsError{
			code: 50076, oauth: "interaction_required", suberror: "basic_action", claims: text,
			text: "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication.",
		}
	}
	g.acrs = appendNew(slices.Clone(g.acrs), both(asked.idContexts, g.satisfied)...)
	g.accessACRs = appendNew(slices.Clone(g.accessACRs), both(asked.accessContexts, g.satisfied)...)
	g.capabilities = appendNew(slices.Clone(g.capabilities), asked.capabilities...)
	return g, nil
}
