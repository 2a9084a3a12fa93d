package entra

import (
	"crypto/rsa"
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// DefaultTenantID is the tenant of a Server whose Config names none.
const DefaultTenantID = "6f1d3a52-8c07-4b1e-9a64-2d5e7c90b3f1"

// GraphAppID is the application id of Microsoft Graph, the same in every tenant.
const GraphAppID = "00000003-0000-0000-c000-000000000000"

// GraphURI is the resource identifier of Microsoft Graph: the prefix of its
// scopes, whatever the address at which a Server answers for Graph.
const GraphURI = "https://graph.microsoft.com"

// Names that Client.OptionalClaims may hold.
const (
	ClaimAuthTime  = "auth_time"  // ID token: when the user signed in, in seconds
	ClaimAppType   = "idtyp"      // app-only access token: "app"
	ClaimLoginHint = "login_hint" // ID token: a value for login_hint and logout_hint
	ClaimSessionID = "sid"        // ID and access token: the user's session
	ClaimEmailOwn  = "xms_edov"   // ID token: whether the domain of email is verified
)

// Config says what a Server knows. Only Clients is required.
type Config struct {
	TenantID      string           // a GUID; "" means DefaultTenantID
	Organization  string           // display name of the tenant; "" means "Contoso"
	BaseURL       string           // scheme and host of the server, no path; may come later, see SetBaseURL
	Clients       []Client         // app registrations, at least one
	Users         []User           // nil means DefaultUsers()
	TokenLifetime time.Duration    // of ID and access tokens; 0 means one hour
	SigningKey    *rsa.PrivateKey  // 2048 bits or more; nil means one made at first use (about 150 ms)
	Now           func() time.Time // nil means time.Now

	Tenants       []string          // GUIDs of more tenants, beside TenantID and those of Users
	Domains       map[string]string // names under which tenants are reached too: "contoso.example" to a GUID
	KeysPerTenant bool              // each tenant, and each policy of B2C, has signing keys of its own; SigningKey is TenantID's
	V1Issuer      string            // prefix of the issuer of v1 tokens; "" means https://sts.windows.net/
	ExternalID    bool              // External ID: the issuer is https://<tid>.ciamlogin.com/<tid>/v2.0, whatever the host
	B2C           B2C               // policies of Azure AD B2C, beside everything else

	MaxMemberObjects int // groups of a user beyond which getMemberObjects and getMemberGroups refuse; 0 means 11,000

	GroupNames map[string]string // display names by object id, as Graph tells; of others "Group " and the place in the user's list

	Plain    bool     // a provider that is not Microsoft's: see doc.go
	Sessions Sessions // how sessions go on and end
}

// Client is one app registration. It may sign users in, expose an API, or both.
type Client struct {
	ID             string              // required; a GUID in Entra, any non-empty text here
	Secret         string              // without it, Certificates and Federated the client is public and must use PKCE
	OtherSecret    string              // taken too, while a secret is replaced
	Name           string              // shown on the consent page; "" means ID
	RedirectURIs   []string            // compared byte by byte
	PostLogoutURIs []string            // compared byte by byte
	API            API                 // what it exposes; the zero value exposes nothing
	AppRoles       []string            // roles it defines: others of a user are not issued; nil means all of them
	AdminConsent   []string            // scopes that no user is asked to consent to, as written in a scope parameter
	AppPermissions map[string][]string // roles of its app-only tokens by resource: App ID URI, client id or GraphURI
	OptionalClaims []string            // Claim… constants; nil means sid and idtyp, empty means none
	NoGroups       bool                // leave groups out of its tokens, as Entra does unless told otherwise

	Certificates []*x509.Certificate   // of RSA keys that may sign client assertions (private_key_jwt)
	Federated    []FederatedCredential // whose tokens are client assertions too

	AssignmentRequired bool     // only users in Assigned get in (AADSTS50105)
	Assigned           []string // ids or object ids of users
	AdminOnly          []string // scopes, as AdminConsent's, that no user may consent to (AADSTS90094)

	DisabledScopes []string // short names that Graph lists as disabled; nobody can ask for them
	Logo           []byte   // served as it is at LogoURL, which Graph tells; nil means none
	SupportURL     string   // "" means none, here and below
	PrivacyURL     string
	TermsURL       string

	FrontChannelLogoutURI string // http or https; loaded in a frame with sid when a session ends that signed in to the client
	FrontChannelIss       bool   // and with iss, which Entra leaves out and Config.Plain always sends
	BackChannelLogoutURI  string // with Config.Plain: gets a logout token when such a session ends
}

// API is what a registration exposes to clients.
type API struct {
	URI      string   // App ID URI; "" with Scopes means api://<client id>
	Scopes   []string // short names: "access_as_user"
	V1Tokens bool     // issue v1 access tokens (accessTokenAcceptedVersion null or 1)
}

var guid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

func (c Config) withDefaults() Config {
	if c.TenantID == "" {
		c.TenantID = DefaultTenantID
	}
	if c.Organization == "" {
		c.Organization = "Contoso"
	}
	if c.Users == nil {
		c.Users = DefaultUsers()
	}
	if c.TokenLifetime == 0 {
		c.TokenLifetime = time.Hour
	}
	if c.MaxMemberObjects == 0 {
		c.MaxMemberObjects = maxMemberObjects
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.V1Issuer == "" {
		c.V1Issuer = "https://sts.windows.net/"
	}
	c.Sessions = c.Sessions.withDefaults(c.TokenLifetime)
	c.Users, c.Tenants, c.Domains = slices.Clone(c.Users), slices.Clone(c.Tenants), maps.Clone(c.Domains)
	c.GroupNames = maps.Clone(c.GroupNames)
	c.B2C.Policies = slices.Clone(c.B2C.Policies)
	return c
}

func (c Config) check() error {
	if !guid.MatchString(c.TenantID) {
		return fmt.Errorf("tenant id %q: want a GUID in lower case", c.TenantID)
	}
	if len(c.Clients) == 0 {
		return fmt.Errorf("no client")
	}
	if c.TokenLifetime < 0 {
		return fmt.Errorf("token lifetime %v is negative", c.TokenLifetime)
	}
	if c.MaxMemberObjects < 0 {
		return fmt.Errorf("limit of %d member objects is negative", c.MaxMemberObjects)
	}
	if c.SigningKey != nil && c.SigningKey.N.BitLen() < 2048 {
		return fmt.Errorf("signing key of %d bits: want 2048 or more", c.SigningKey.N.BitLen())
	}
	if err := errors.Join(c.checkTenants(), c.Sessions.check(), c.checkPlain()); err != nil {
		return err
	}
	ids := map[string]bool{}
	for _, u := range c.Users {
		if err := u.check(); err != nil {
			return err
		}
		if ids[u.ID] || ids[u.ObjectID] {
			return fmt.Errorf("user %q: a second user with this id or object id", u.ID)
		}
		ids[u.ID], ids[u.ObjectID] = true, true
	}
	return nil
}

// normalised fills the defaults of a registration and copies its slices.
func (c Client) normalised() (Client, error) {
	if c.ID == "" || strings.ContainsAny(c.ID, " \t\r\n") {
		return c, fmt.Errorf("client id %q: want text without spaces", c.ID)
	}
	if c.Name == "" {
		c.Name = c.ID
	}
	for _, name := range c.DisabledScopes {
		if slices.Contains(c.API.Scopes, name) {
			return c, fmt.Errorf("client %q: scope %q is both exposed and disabled", c.ID, name)
		}
	}
	if c.API.URI == "" && len(c.API.Scopes)+len(c.DisabledScopes) > 0 {
		c.API.URI = "api://" + c.ID
	}
	c.API.URI = strings.TrimSuffix(c.API.URI, "/")
	if c.OptionalClaims == nil {
		c.OptionalClaims = []string{ClaimSessionID, ClaimAppType}
	}
	known := []string{ClaimAuthTime, ClaimAppType, ClaimLoginHint, ClaimSessionID, ClaimEmailOwn}
	for _, name := range c.OptionalClaims {
		if !slices.Contains(known, name) {
			return c, fmt.Errorf("client %q: optional claim %q: want one of %s", c.ID, name, strings.Join(known, ", "))
		}
	}
	c.RedirectURIs = slices.Clone(c.RedirectURIs)
	c.PostLogoutURIs = slices.Clone(c.PostLogoutURIs)
	return c, errors.Join(c.checkCredentials(), c.checkLogoutURIs())
}

func (c Client) public() bool {
	return c.Secret == "" && len(c.Certificates) == 0 && len(c.Federated) == 0
}

// takes reports whether a secret is one of the client's.
func (c Client) takes(secret string) bool {
	return slices.ContainsFunc([]string{c.Secret, c.OtherSecret}, func(own string) bool {
		return own != "" && subtle.ConstantTimeCompare([]byte(secret), []byte(own)) == 1
	})
}

func (c Client) wants(optional string) bool { return slices.Contains(c.OptionalClaims, optional) }

// rolesOf returns those of the given roles that the registration defines.
func (c Client) rolesOf(roles []string) []string {
	if c.AppRoles == nil {
		return roles
	}
	var out []string
	for _, role := range roles {
		if slices.Contains(c.AppRoles, role) {
			out = append(out, role)
		}
	}
	return out
}
