package entra

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// TokenFault is one way in which a token is wrong. Everything else in it is right.
type TokenFault string

// The faults of tokens. WrongNonce and MissingNonce touch ID tokens only.
const (
	WrongNonce      TokenFault = "wrong nonce"
	MissingNonce    TokenFault = "missing nonce"
	WrongAudience   TokenFault = "wrong aud"                 // another client's id
	WrongIssuer     TokenFault = "wrong iss"                 // another host; tid is right
	WrongTenant     TokenFault = "wrong tid"                 // another tenant's id; iss is right
	OtherTenant     TokenFault = "other tenant"              // iss and tid agree on another tenant
	WrongSignature  TokenFault = "wrong signature"           // one bit of it
	AlgNone         TokenFault = "alg none"                  // and an empty signature
	HS256PublicKey  TokenFault = "HS256 with the public key" // see PublicKeyPEM
	UnknownKid      TokenFault = "unknown kid"               // a new one in every token, right signature
	MissingKid      TokenFault = "no kid"                    // right signature
	NotAJWT         TokenFault = "not a JWT"
	Expired         TokenFault = "expired" // an hour ago
	MissingExpiry   TokenFault = "missing exp"
	FutureNotBefore TokenFault = "future nbf" // in an hour
	MissingIssuedAt TokenFault = "missing iat"
	MissingOID      TokenFault = "missing oid"
	MissingSubject  TokenFault = "missing sub"
	MissingTenant   TokenFault = "missing tid"
)

// TokenFaults returns every TokenFault, so that a test can prove that each is refused.
func TokenFaults() []TokenFault {
	return []TokenFault{
		WrongNonce, MissingNonce, WrongAudience, WrongIssuer, WrongTenant, OtherTenant, WrongSignature, AlgNone, HS256PublicKey,
		UnknownKid, MissingKid, NotAJWT, Expired, MissingExpiry, FutureNotBefore, MissingIssuedAt, MissingOID, MissingSubject, MissingTenant,
	}
}

// OtherTenantID is the tenant that WrongTenant and OtherTenant put into tokens.
const OtherTenantID = "0bad0bad-0bad-4bad-8bad-0bad0bad0bad"

// EndpointFault is how one endpoint misbehaves. Members combine; the zero value
// behaves. A body of our own (Garbage, HugeBytes, Body, Location, Status)
// replaces the real answer and the endpoint does nothing: a code that comes in is not used up.
type EndpointFault struct {
	Delay       time.Duration // wait first; ends early when the client goes away
	Drop        bool          // close the connection without an answer
	Status      int           // answer with this status and an error body of the endpoint's kind
	RetryAfter  int           // with Status: seconds in a Retry-After header, when > 0
	Garbage     bool          // 200 with a body that is no JSON but says that it is
	HugeBytes   int64         // 200 with one JSON string of this many bytes
	Body        string        // this text, with Status or 200, as application/json unless ContentType says otherwise
	Location    string        // a redirect there, with Status or 302
	ContentType string        // the answer with this content type
	Times       int           // only so many requests, then behave; 0 means all
}

// ItemFault is how one Graph URL misbehaves, alone or inside a batch.
type ItemFault struct {
	Delay      time.Duration     // wait first; items of a batch wait one after the other; ends early when the client goes away
	Status     int               // 0 means the real answer, to which Header still goes
	RetryAfter int               // with Status: seconds in a Retry-After header, when > 0
	Header     map[string]string // with or without Status: these headers on the answer
	Body       any               // with Status: JSON; nil means Graph's error object
	Times      int               // only so many requests, then behave; 0 means all
}

// Faults is how a Server misbehaves. The zero value behaves.
type Faults struct {
	IDToken          TokenFault                  // what is wrong with ID tokens
	AccessToken      TokenFault                  // what is wrong with access tokens that are not Graph's
	EditClaims       func(claims map[string]any) // last change of an ID token's claims; must be safe for concurrent use
	EditHeader       func(header map[string]any) // last change of an ID token's header, before it is signed; likewise
	EditAccess       func(claims map[string]any) // last change of an access token's claims, not Graph's; likewise
	LogoutToken      TokenFault                  // what is wrong with logout tokens, see LogoutTokenFaults
	EditLogout       func(claims map[string]any) // last change of a logout token's claims; likewise
	EditLogoutHeader func(header map[string]any) // and of its header
	OmitIDToken      bool                        // token answers without id_token

	DiscoveryEdit func(document map[string]any) // last change of every discovery document; likewise
	JWKSEdit      func(set map[string]any)      // last change of every key set: member keys is a []any of map[string]any
	TokenEdit     func(answer map[string]any)   // last change of every good answer of the token endpoint

	Endpoints map[Endpoint]EndpointFault
	Refresh   []RefreshFault       // of requests with a refresh token: the first that fits and has Times left
	Graph     map[string]ItemFault // by path, or path and query, below the version: "/me/manager", "/me?$select=id"

	GraphChallenge      string   // a claims challenge, as JSON, to tokens of capability cp1 that do not satisfy it; see doc.go
	GraphChallengeItems []string // not empty: only these URLs are challenged, named as in Graph; else whole answers, a batch's too
	NextLink            string   // on every page of a collection, the last too, instead of the real @odata.nextLink

	CallbackIssuer           string // an iss parameter (RFC 9207) with this value on the redirect URI
	CallbackState            string // instead of the client's state
	CallbackError            string // an error of this name instead of a code
	CallbackErrorDescription string // with CallbackError; "" means an AADSTS text

	GrantedScopes []string // not nil: only these of the scopes asked are granted; short or full names
	Roles         []string // not nil: instead of the user's roles; empty means no roles claim
}

// ScriptDescription is an error_description that shows whether a page escapes it.
const ScriptDescription = `AADSTS99999: <script>alert("x")</script><img src=x onerror=alert(1)>`

// SetFaults replaces the faults from the next request on. It copies f's maps and
// slices. It panics for a Refusal that does not exist.
func (s *Server) SetFaults(f Faults) {
	f.checkRefresh()
	s.faults.set(f)
}

// ClearFaults makes the server behave again.
func (s *Server) ClearFaults() { s.faults.set(Faults{}) }

type faultBox struct {
	mu   sync.Mutex
	f    Faults
	used map[Endpoint]int
	gone map[string]int // uses of item faults

	refreshed []int // uses of each refresh fault
}

func (b *faultBox) set(f Faults) {
	f.Endpoints = maps.Clone(f.Endpoints)
	f.Refresh = slices.Clone(f.Refresh)
	f.Graph = maps.Clone(f.Graph)
	f.GraphChallengeItems = slices.Clone(f.GraphChallengeItems)
	f.GrantedScopes = slices.Clone(f.GrantedScopes)
	f.Roles = slices.Clone(f.Roles)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.f, b.used, b.gone, b.refreshed = f, map[Endpoint]int{}, map[string]int{}, make([]int, len(f.Refresh))
}

// get returns the faults, which nobody writes to.
func (b *faultBox) get() Faults {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.f
}

// endpoint returns the fault for one request, and counts it.
func (b *faultBox) endpoint(e Endpoint) EndpointFault {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.f.Endpoints[e]
	if f.Times > 0 {
		if b.used[e] >= f.Times {
			return EndpointFault{}
		}
		b.used[e]++
	}
	return f
}
