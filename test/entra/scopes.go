package entra

import (
	"fmt"
	"slices"
	"strings"
)

// resource is an API for which there are access tokens.
type resource struct {
	id     string   // its application id, the audience of v2 tokens
	uri    string   // prefix of its scopes
	graph  bool     // Microsoft Graph
	v1     bool     // wants v1 tokens
	scopes []string // short names
}

// full is a scope with its resource, the form in which consents are kept.
func (r resource) full(name string) string { return r.uri + "/" + name }

// shown is a scope as token answers write it: Graph's without prefix.
func (r resource) shown(name string) string {
	if r.graph {
		return name
	}
	return r.full(name)
}

// askedScopes is a scope parameter, sorted by resource.
type askedScopes struct {
	oidc      []string
	resources []askedResource
}

type askedResource struct {
	resource
	names []string
}

func oidcScopes() []string { return []string{"openid", "profile", "email", "offline_access"} }

func graphScopes() []string {
	return []string{
		"User.Read", "User.ReadBasic.All", "User.Read.All", "User.ReadWrite", "Mail.Read", "Mail.ReadWrite", "Mail.Send",
		"Calendars.Read", "Calendars.ReadWrite", "Contacts.Read", "Files.Read", "Files.ReadWrite", "People.Read", "Tasks.Read",
		"Group.Read.All", "GroupMember.Read.All", "Directory.Read.All", "Organization.Read.All", "Application.Read.All",
		"ProfilePhoto.Read.All", "Sites.Read.All", "Presence.Read",
	}
}

func graphResource() resource {
	return resource{id: GraphAppID, uri: GraphURI, graph: true, scopes: graphScopes()}
}

func (s *Server) resources() []resource {
	list := []resource{graphResource()}
	for _, c := range s.allClients() {
		if c.API.URI != "" {
			list = append(list, resource{id: c.ID, uri: c.API.URI, v1: c.API.V1Tokens, scopes: c.API.Scopes})
		}
	}
	return list
}

// findResource splits a scope into resource and short name. Graph's scopes may
// stand without prefix, or with the server's own address, which is Graph's here.
func (s *Server) findResource(text string) (resource, string, bool) {
	if !strings.Contains(text, "/") {
		return graphResource(), text, true
	}
	at := strings.LastIndex(text, "/")
	prefix, name := strings.TrimSuffix(text[:at], "/"), text[at+1:]
	if base := s.BaseURL(); base != "" && strings.EqualFold(prefix, base) {
		return graphResource(), name, true
	}
	for _, r := range s.resources() {
		if strings.EqualFold(prefix, r.uri) || strings.EqualFold(prefix, r.id) {
			return r, name, true
		}
	}
	return resource{}, "", false
}

// parseScopes reads a scope parameter. Unknown resources are AADSTS500011,
// unknown scopes AADSTS650053, both as invalid_scope.
func (s *Server) parseScopes(text string) (askedScopes, *stsError) {
	var out askedScopes
	for field := range strings.FieldsSeq(text) {
		if i := slices.IndexFunc(oidcScopes(), func(o string) bool { return strings.EqualFold(o, field) }); i >= 0 {
			out.oidc = appendNew(out.oidc, oidcScopes()[i])
			continue
		}
		r, name, ok := s.findResource(field)
		if !ok {
			return out, &stsError{code: 500011, oauth: "invalid_scope", text: "The resource principal named " + clip(field) + " was not found in the tenant named " + s.orgName + "."}
		}
		names, fail := r.expand(name, text)
		if fail != nil {
			return out, fail
		}
		out.add(r, names)
	}
	for _, r := range out.resources {
		if slices.Contains(r.names, ".default") && len(r.names) > 1 {
			return out, &stsError{code: 70011, oauth: "invalid_scope", text: "The provided value for the input parameter 'scope' is not valid. .default scope can't be combined with resource-specific scopes. The scope " + clip(text) + " is not valid."}
		}
	}
	return out, nil
}

func (r resource) expand(name, all string) ([]string, *stsError) {
	if name == ".default" {
		return []string{name}, nil
	}
	i := slices.IndexFunc(r.scopes, func(known string) bool { return strings.EqualFold(known, name) })
	if i < 0 {
		return nil, &stsError{code: 650053, oauth: "invalid_scope", text: fmt.Sprintf("The application asked for scope '%s' that doesn't exist on the resource '%s'. The scope %s is not valid.", clip(name), r.id, clip(all))}
	}
	return []string{r.scopes[i]}, nil
}

func (a *askedScopes) add(r resource, names []string) {
	i := slices.IndexFunc(a.resources, func(old askedResource) bool { return old.id == r.id })
	if i < 0 {
		a.resources = append(a.resources, askedResource{resource: r})
		i = len(a.resources) - 1
	}
	a.resources[i].names = appendNew(a.resources[i].names, names...)
}

// full lists every scope as consents keep it. .default stands for what a
// registration lists: all scopes of an API, Graph's User.Read.
func (a askedScopes) full() []string {
	out := slices.Clone(a.oidc)
	for _, r := range a.resources {
		for _, name := range r.granted() {
			out = append(out, r.full(name))
		}
	}
	return out
}

// granted is names without .default.
func (r askedResource) granted() []string {
	if !slices.Contains(r.names, ".default") {
		return r.names
	}
	if r.graph {
		return []string{"User.Read"}
	}
	return r.scopes
}

// checkScopes finds mistakes in what a client was given by its administrator.
func (s *Server) checkScopes(c Client) error {
	if _, fail := s.parseScopes(strings.Join(c.AdminConsent, " ")); fail != nil {
		return fmt.Errorf("client %q: admin consent: %w", c.ID, fail)
	}
	if _, fail := s.parseScopes(strings.Join(c.AdminOnly, " ")); fail != nil {
		return fmt.Errorf("client %q: scopes for administrators only: %w", c.ID, fail)
	}
	for name := range c.AppPermissions {
		if _, _, ok := s.findResource(name + "/.default"); !ok {
			return fmt.Errorf("client %q: app permissions: no resource %q", c.ID, name)
		}
	}
	return nil
}

func appendNew(list []string, more ...string) []string {
	for _, m := range more {
		if !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	return list
}
