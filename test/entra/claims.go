package entra

import (
	"crypto/sha256"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// maxGroups is how many groups a JWT may hold; with more there is an overage claim.
const maxGroups = 200

// backdated is how long before its issuance iat and nbf of a token lie, as at Entra.
const backdated = 5 * time.Minute

// times are the claims of time of a token made now.
func (s *Server) times() map[string]any {
	now := s.now()
	return map[string]any{
		"iat": now.Add(-backdated).Unix(), "nbf": now.Add(-backdated).Unix(), "exp": now.Add(s.lifetime).Unix(),
		"aio": token(60), "rh": "1." + token(40), "uti": token(16),
	}
}

// pairwise is the subject of an object for one audience.
func pairwise(tenant, oid, clientID string) string {
	sum := sha256.Sum256([]byte(tenant + "\n" + oid + "\n" + clientID))
	return b64(sum[:])
}

func loginHint(u User) string { return "O." + b64([]byte(u.ObjectID)) }

// idToken makes an ID token: what the scopes ask for, and what the registration
// does. access is the token that it comes with, "" for none.
func (s *Server) idToken(client Client, g grant, u User, oidc []string, access string, f Faults) string {
	if s.plain {
		return s.plainIDToken(client, g, u, oidc, access, f)
	}
	claims := s.times()
	maps.Copy(claims, map[string]any{
		"ver": "2.0", "iss": s.issuer(g.tenant), "aud": client.ID, "tid": g.tenant, "sub": pairwise(g.tenant, g.oid, client.ID),
	})
	if slices.Contains(oidc, "profile") {
		claims["oid"], claims["preferred_username"] = u.ObjectID, u.Username
		set(claims, "name", u.Name)
	}
	if slices.Contains(oidc, "email") {
		set(claims, "email", u.Email)
		if client.wants(ClaimEmailOwn) && u.Email != "" {
			claims[ClaimEmailOwn] = s.home(u) == s.tenant
		}
	}
	set(claims, "nonce", g.nonce)
	if client.wants(ClaimAuthTime) {
		claims[ClaimAuthTime] = g.authTime.Unix()
	}
	if client.wants(ClaimLoginHint) {
		claims[ClaimLoginHint] = loginHint(u)
	}
	if len(g.acrs) > 0 {
		claims["acrs"] = g.acrs
	}
	s.membership(claims, client, g, u, f)
	maps.Copy(claims, u.moreClaims(claims))
	return s.finishID(claims, g, access, f)
}

// finishID applies the faults of an ID token and signs it.
func (s *Server) finishID(claims map[string]any, g grant, access string, f Faults) string {
	switch {
	case f.IDToken == WrongATHash:
		claims["at_hash"] = atHash(token(40))
	case f.IDToken == RightATHash && access != "":
		claims["at_hash"] = atHash(access)
	}
	s.breakClaims(claims, f.IDToken)
	if f.EditClaims != nil {
		f.EditClaims(claims)
	}
	return s.sign(s.keys.of(keysName(g.tenant, g.policy)), claims, f.IDToken, f.EditHeader)
}

func protocolClaim(name string) bool {
	return slices.Contains([]string{
		"iss", "aud", "exp", "iat", "nbf", "sub", "oid", "tid", "nonce", "ver", "roles", "groups", "hasgroups", "acrs", "azp", "appid",
		"scp", "idtyp", "sid", "name", "email", "preferred_username", "_claim_names", "_claim_sources",
	}, name)
}

// membership adds sid, roles and groups, which ID and access tokens share.
func (s *Server) membership(claims map[string]any, client Client, g grant, u User, f Faults) {
	if client.wants(ClaimSessionID) {
		set(claims, ClaimSessionID, g.sid)
	}
	roles := client.rolesOf(u.Roles)
	if f.Roles != nil {
		roles = f.Roles
	}
	if len(roles) > 0 {
		claims["roles"] = roles
	}
	switch {
	case client.NoGroups || len(u.Groups) == 0:
	case len(u.Groups) <= maxGroups:
		claims["groups"] = u.Groups
	default:
		claims["_claim_names"] = map[string]string{"groups": "src1"}
		claims["_claim_sources"] = map[string]any{"src1": map[string]string{
			"endpoint": "https://graph.windows.net/" + g.tenant + "/users/" + u.ObjectID + "/getMemberObjects",
		}}
	}
}

// accessToken makes a user's access token for one resource.
func (s *Server) accessToken(client Client, g grant, u User, res resource, names []string, f Faults) string {
	claims := s.times()
	lifetime, _ := s.accessTimes()
	claims["exp"] = s.now().Add(lifetime).Unix()
	maps.Copy(claims, map[string]any{
		"tid": g.tenant, "oid": u.ObjectID, "sub": pairwise(g.tenant, g.oid, res.id), "scp": strings.Join(names, " "),
	})
	set(claims, "name", u.Name)
	if len(g.accessACRs) > 0 {
		claims["acrs"] = g.accessACRs
	}
	if len(g.capabilities) > 0 {
		claims["xms_cc"] = g.capabilities
	}
	if res.graph {
		claims["puid"], claims["idtyp"], claims["xms_idrel"] = strings.ToUpper(u.ObjectID[:8]), "user", "1 2"
		claims["app_displayname"] = client.Name
		claims["sub"] = pairwise(g.tenant, g.oid, client.ID) // userinfo must agree with the ID token
	} else {
		api, _ := s.client(res.id)
		s.membership(claims, api, g, u, f)
	}
	if res.graph || res.v1 {
		claims["upn"], claims["unique_name"] = u.Username, u.Username
	} else {
		claims["preferred_username"] = u.Username
	}
	return s.finishAccess(claims, client, g.tenant, res, f)
}

// appToken makes an app-only access token of a tenant.
func (s *Server) appToken(client Client, tenant string, res resource, f Faults) string {
	oid := servicePrincipal(tenant, client.ID)
	claims := s.times()
	maps.Copy(claims, map[string]any{"tid": tenant, "oid": oid, "sub": oid})
	roles := client.AppPermissions[res.uri]
	if roles == nil {
		roles = client.AppPermissions[res.id]
	}
	if f.Roles != nil {
		roles = f.Roles
	}
	if len(roles) > 0 {
		claims["roles"] = roles
	}
	if api, _ := s.client(res.id); res.graph || api.wants(ClaimAppType) {
		claims[ClaimAppType] = "app"
	}
	return s.finishAccess(claims, client, tenant, res, f)
}

// finishAccess adds what the version of the token decides, and signs.
func (s *Server) finishAccess(claims map[string]any, client Client, tenant string, res resource, f Faults) string {
	proof := "2" // certificate or federated credential
	switch {
	case client.Secret != "":
		proof = "1"
	case client.public():
		proof = "0"
	}
	if res.graph || res.v1 {
		claims["ver"], claims["aud"], claims["iss"] = "1.0", res.uri, s.v1Issuer+tenant+"/"
		claims["appid"], claims["appidacr"] = client.ID, proof
	} else {
		claims["ver"], claims["aud"], claims["iss"] = "2.0", res.id, s.issuer(tenant)
		claims["azp"], claims["azpacr"] = client.ID, proof
	}
	if res.graph {
		return s.signForGraph(claims)
	}
	s.breakClaims(claims, f.AccessToken)
	if f.EditAccess != nil {
		f.EditAccess(claims)
	}
	return s.sign(s.keys.of(tenant), claims, f.AccessToken, nil)
}

func servicePrincipal(tenant, clientID string) string {
	sum := sha256.Sum256([]byte(tenant + " service principal " + clientID))
	return formatGUID([16]byte(sum[:16]))
}

// breakClaims applies those faults that are wrong claims.
func (s *Server) breakClaims(claims map[string]any, fault TokenFault) {
	hour := time.Hour
	missing := map[TokenFault]string{
		MissingExpiry: "exp", MissingIssuedAt: "iat", MissingOID: "oid", MissingSubject: "sub", MissingTenant: "tid", MissingNonce: "nonce",
	}
	switch fault {
	case WrongNonce:
		claims["nonce"] = "another-" + token(16)
	case WrongAudience:
		claims["aud"] = servicePrincipal(s.tenant, "another client") // the id of no client that a test could register by chance
	case WrongIssuer:
		claims["iss"] = "https://login.evil.example/" + s.tenant + "/v2.0"
	case WrongTenant:
		claims["tid"] = OtherTenantID
	case OtherTenant:
		claims["tid"], claims["iss"] = OtherTenantID, s.issuer(OtherTenantID)
	case Expired:
		now := s.now()
		claims["exp"], claims["iat"], claims["nbf"] = now.Add(-hour).Unix(), now.Add(-2*hour).Unix(), now.Add(-2*hour).Unix()
	case FutureNotBefore:
		claims["nbf"] = s.now().Add(hour).Unix()
	default:
		delete(claims, missing[fault])
		s.distort(claims, fault)
	}
}

func set(claims map[string]any, name, value string) {
	if value != "" {
		claims[name] = value
	}
}

// stringClaim reads a claim of a decoded token.
func stringClaim(claims map[string]any, name string) string {
	text, _ := claims[name].(string)
	return text
}

// stringsClaim reads a claim that is a list.
func stringsClaim(claims map[string]any, name string) []string {
	var out []string
	raw, err := json.Marshal(claims[name])
	if err != nil || json.Unmarshal(raw, &out) != nil {
		return nil
	}
	return out
}
