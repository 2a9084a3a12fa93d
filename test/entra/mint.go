package entra

import (
	"fmt"
	"strings"
)

// UserToken returns an access token of a user without any page or request, as if
// the user had consented to scope for the client. All of scope must be of one
// resource, for example "api://<id>/access_as_user" or "User.Read". Faults apply.
// It fails when user, client or scope are unknown.
func (s *Server) UserToken(userID, clientID, scope string) (string, error) {
	client, g, asked, err := s.mintGrant(userID, clientID, scope)
	if err != nil {
		return "", err
	}
	if len(asked.resources) != 1 {
		return "", fmt.Errorf("scope %q: want one resource, have %d", scope, len(asked.resources))
	}
	f := s.faults.get()
	u, _ := s.User(userID)
	res := asked.resources[0]
	names := res.granted()
	if res.graph {
		names = appendNew(asked.oidc, names...)
	}
	return s.accessToken(client, g, u, res.resource, names, f), nil
}

// AppToken returns an app-only access token of a client in the server's tenant,
// as the client credentials grant gives for scope ("<resource>/.default"). Faults apply.
func (s *Server) AppToken(clientID, scope string) (string, error) {
	return s.AppTokenIn(s.tenant, clientID, scope)
}

// AppTokenIn is AppToken in another tenant, by GUID or domain name.
func (s *Server) AppTokenIn(tenant, clientID, scope string) (string, error) {
	at, ok := s.authority(tenant)
	if !ok {
		return "", fmt.Errorf("no tenant %q", tenant)
	}
	client, ok := s.client(clientID)
	if !ok {
		return "", fmt.Errorf("no client %q", clientID)
	}
	answer, fail := s.appTokenAnswer(at, client, scope)
	if fail != nil {
		return "", fail
	}
	return fmt.Sprint(answer["access_token"]), nil
}

// IDToken returns an ID token of a user for a client with scopes openid, profile
// and email. nonce may be "". Faults apply.
func (s *Server) IDToken(userID, clientID, nonce string) (string, error) {
	client, g, asked, err := s.mintGrant(userID, clientID, "openid profile email")
	if err != nil {
		return "", err
	}
	g.nonce = nonce
	u, _ := s.User(userID)
	return s.idToken(client, g, u, asked.oidc, "", s.faults.get()), nil
}

// PolicyIDToken returns an ID token of a user as a policy of B2C issues it, without
// an access token beside it. nonce may be "". Faults apply.
func (s *Server) PolicyIDToken(policy, userID, clientID, nonce string) (string, error) {
	at, ok := s.policy(s.tenant, policy)
	if !ok {
		return "", fmt.Errorf("no policy %q", policy)
	}
	client, g, _, err := s.mintGrant(userID, clientID, "openid")
	if err != nil {
		return "", err
	}
	g.policy, g.nonce = at.policy, nonce
	u, _ := s.User(userID)
	return s.policyIDToken(client, g, u, "", s.faults.get()), nil
}

func (s *Server) mintGrant(userID, clientID, scope string) (Client, grant, askedScopes, error) {
	client, ok := s.client(clientID)
	if !ok {
		return client, grant{}, askedScopes{}, fmt.Errorf("no client %q", clientID)
	}
	u, ok := s.User(userID)
	if !ok {
		return client, grant{}, askedScopes{}, fmt.Errorf("no user %q", userID)
	}
	asked, fail := s.parseScopes(strings.TrimSpace(scope))
	if fail != nil {
		return client, grant{}, asked, fail
	}
	return client, grant{clientID: clientID, tenant: s.home(u), oid: u.ObjectID, scopes: asked, sid: newGUID(), authTime: s.now()}, asked, nil
}
