package entra

import (
	"crypto/sha256"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// The collections that tell app registrations.
const (
	servicePrincipals = "servicePrincipals"
	applications      = "applications"
)

var (
	keyForm    = regexp.MustCompile(`^\(appId='((?:[^']|'')*)'\)$`)
	filterForm = regexp.MustCompile(`^appId eq '((?:[^']|'')*)'$`)
)

// registrations answers /servicePrincipals and /applications: one by its key
// (appId='…'), or a list by $filter=appId eq '…', or all of them.
func (s *Server) registrations(c graphCall, collection, key string) graphReply {
	switch {
	case c.method != http.MethodGet:
		return wrongMethod()
	case !c.caller.may("Application.Read.All", "Directory.Read.All"):
		return forbidden()
	case key != "":
		return s.oneRegistration(c, collection, key)
	}
	var value []any
	filter := c.query.Get("$filter")
	wanted := filterForm.FindStringSubmatch(filter)
	if filter != "" && wanted == nil {
		return graphError(http.StatusBadRequest, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified for this resource.")
	}
	names := ""
	for _, client := range s.allClients() {
		if wanted != nil && !strings.EqualFold(client.ID, unquote(wanted[1])) {
			continue
		}
		item, asked, fail := s.tellRegistration(c, collection, client)
		if fail != nil {
			return *fail
		}
		value, names = append(value, item), asked
	}
	if value == nil {
		value = []any{}
	}
	return graphReply{status: http.StatusOK, body: map[string]any{"@odata.context": s.context(c, collection+names), "value": value}}
}

func (s *Server) oneRegistration(c graphCall, collection, key string) graphReply {
	wanted := keyForm.FindStringSubmatch(key)
	if wanted == nil {
		return noSegment(collection + key)
	}
	id := unquote(wanted[1])
	clients := s.allClients()
	i := slices.IndexFunc(clients, func(client Client) bool { return strings.EqualFold(client.ID, id) })
	if i < 0 {
		return notFound(id)
	}
	body, names, fail := s.tellRegistration(c, collection, clients[i])
	if fail != nil {
		return *fail
	}
	body["@odata.context"] = s.context(c, collection+names+"/$entity")
	return graphReply{status: http.StatusOK, body: body}
}

// unquote reads a text between OData's quotes, where two stand for one.
func unquote(text string) string { return strings.ReplaceAll(text, "''", "'") }

// tellRegistration is a client as one of the two collections tells it, with $select.
func (s *Server) tellRegistration(c graphCall, collection string, client Client) (map[string]any, string, *graphReply) {
	names := []string{}
	if client.API.URI != "" {
		names = append(names, client.API.URI)
	}
	all := map[string]any{
		"appId": client.ID, "displayName": client.Name, "appRoles": client.listRoles(), "signInAudience": "AzureADMyOrg",
		"info": map[string]any{
			"logoUrl": s.logoURL(client), "supportUrl": orNull(client.SupportURL), "privacyStatementUrl": orNull(client.PrivacyURL),
			"termsOfServiceUrl": orNull(client.TermsURL), "marketingUrl": nil,
		},
	}
	entity := "application"
	if collection == servicePrincipals {
		entity = "servicePrincipal"
		maps.Copy(all, map[string]any{
			"id": servicePrincipal(c.caller.tenant, client.ID), "appDisplayName": client.Name, "accountEnabled": true,
			"appOwnerOrganizationId": s.tenant, "servicePrincipalType": "Application",
			"servicePrincipalNames": append([]string{client.ID}, names...), "oauth2PermissionScopes": client.listScopes(),
		})
	} else {
		version := 2
		if client.API.V1Tokens {
			version = 1
		}
		maps.Copy(all, map[string]any{
			"id": fixedGUID("application " + client.ID), "identifierUris": names,
			"api": map[string]any{"requestedAccessTokenVersion": version, "oauth2PermissionScopes": client.listScopes()},
		})
	}
	return selected(c, entity, all, slices.Sorted(maps.Keys(all)))
}

// listScopes is oauth2PermissionScopes: those exposed and those disabled.
func (c Client) listScopes() []any {
	list := []any{}
	for i, name := range slices.Concat(c.API.Scopes, c.DisabledScopes) {
		list = append(list, map[string]any{
			"id": fixedGUID("scope " + c.ID + " " + name), "value": name, "type": "User", "isEnabled": i < len(c.API.Scopes),
			"adminConsentDisplayName": "Admin: " + name, "adminConsentDescription": "Admin: " + name + " of " + c.Name,
			"userConsentDisplayName": name, "userConsentDescription": name + " of " + c.Name,
		})
	}
	return list
}

// listRoles is appRoles.
func (c Client) listRoles() []any {
	list := []any{}
	for _, name := range c.AppRoles {
		list = append(list, map[string]any{
			"id": fixedGUID("role " + c.ID + " " + name), "value": name, "displayName": name, "description": name + " of " + c.Name,
			"isEnabled": true, "allowedMemberTypes": []string{"User", "Application"},
		})
	}
	return list
}

// LogoURL returns the address of a client's logo, "" when it has none.
func (s *Server) LogoURL(clientID string) string {
	client, _ := s.client(clientID)
	address, _ := s.logoURL(client).(string)
	return address
}

// logoURL is nil without a logo, as in Graph's JSON.
func (s *Server) logoURL(client Client) any {
	if len(client.Logo) == 0 {
		return nil
	}
	return s.BaseURL() + "/logo/" + client.ID
}

// logo serves a client's logo. It stands for a server of plain files, which
// refuses whoever shows a token.
func (s *Server) logo(clientID string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		client, _ := s.client(clientID)
		switch {
		case len(client.Logo) == 0:
			http.NotFound(w, r)
		case r.Header.Get("Authorization") != "":
			http.Error(w, "no Authorization header is expected here", http.StatusBadRequest)
		default:
			w.Header().Set("Content-Type", http.DetectContentType(client.Logo))
			_, _ = w.Write(client.Logo) // the client went away
		}
	}
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// fixedGUID is the same for the same text, always.
func fixedGUID(text string) string {
	sum := sha256.Sum256([]byte(text))
	return formatGUID([16]byte(sum[:16]))
}
