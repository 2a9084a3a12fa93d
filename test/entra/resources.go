package entra

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// answerResource is the map of Graph.
func (s *Server) answerResource(c graphCall) graphReply {
	path := strings.TrimSuffix(c.path, "/")
	first, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	collection, key, _ := strings.Cut(first, "(")
	if key != "" {
		key = "(" + key
	}
	switch {
	case path == "/organization":
		return s.get(c, s.organization)
	case path == "/directoryObjects/getByIds":
		return s.getByIDs(c)
	case rest == "" && (collection == servicePrincipals || collection == applications):
		return s.registrations(c, collection, key)
	case first == "users" && rest != "":
		id, below, _ := strings.Cut(rest, "/")
		return s.ofUser(c, id, below)
	case first == "me":
		return s.ofMe(c, rest)
	}
	return noSegment(strings.TrimPrefix(path, "/"))
}

// ofMe answers /me and what lies below.
func (s *Server) ofMe(c graphCall, below string) graphReply {
	if c.caller.app {
		return graphError(http.StatusBadRequest, "BadRequest", "/me request is only valid with delegated authentication flow.")
	}
	switch below {
	case "":
		return s.get(c, s.me)
	case "manager":
		return s.get(c, s.manager)
	case "photo", "photo/$value":
		return s.get(c, s.photo)
	}
	return s.memberships(c, membership{user: c.caller.user, own: true}, below)
}

func noSegment(segment string) graphReply {
	return graphError(http.StatusBadRequest, "BadRequest", "Resource not found for the segment '"+clip(segment)+"'.")
}

func wrongMethod() graphReply {
	return graphError(http.StatusMethodNotAllowed, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
}

func notFound(what string) graphReply {
	return graphError(http.StatusNotFound, "Request_ResourceNotFound", "Resource '"+clip(what)+"' does not exist or one of its queried reference-property objects are not present.")
}

func (s *Server) get(c graphCall, answer func(graphCall) graphReply) graphReply {
	if c.method != http.MethodGet {
		return wrongMethod()
	}
	return answer(c)
}

func (s *Server) context(c graphCall, what string) string {
	return s.BaseURL() + "/" + c.version + "/$metadata#" + what
}

func defaultProperties() []string {
	return []string{"businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone", "officeLocation", "preferredLanguage", "surname", "userPrincipalName", "id"}
}

func selectableProperties() []string {
	return append(defaultProperties(), "accountEnabled", "city", "companyName", "country", "createdDateTime", "department", "employeeId",
		"employeeType", "onPremisesSamAccountName", "otherMails", "postalCode", "proxyAddresses", "state", "streetAddress", "usageLocation", "userType")
}

// profile is a user as Graph tells: all selectable properties and those of Profile.
func profile(u User) map[string]any {
	all := map[string]any{}
	for _, name := range selectableProperties() {
		all[name] = nil
	}
	all["businessPhones"], all["accountEnabled"], all["userType"] = []string{}, true, "Member"
	all["otherMails"], all["proxyAddresses"] = []string{}, []string{}
	all["id"], all["userPrincipalName"], all["displayName"] = u.ObjectID, u.Username, u.Name
	if u.Email != "" {
		all["mail"] = u.Email
	}
	maps.Copy(all, u.Profile)
	return all
}

// selected applies $select. It returns the members, and what the context says of them.
func selected(c graphCall, kind string, all map[string]any, byDefault []string) (map[string]any, string, *graphReply) {
	text := c.query.Get("$select")
	if text == "" {
		out := map[string]any{}
		for _, name := range byDefault {
			out[name] = all[name]
		}
		return out, "", nil
	}
	out := map[string]any{}
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		value, ok := all[name]
		if !ok {
			fail := graphError(http.StatusBadRequest, "BadRequest", "Parsing OData Select and Expand failed: Could not find a property named '"+clip(name)+"' on type 'microsoft.graph."+kind+"'.")
			return nil, "", &fail
		}
		out[name] = value
	}
	return out, "(" + text + ")", nil
}

func (s *Server) me(c graphCall) graphReply {
	if !c.caller.may("User.Read", "User.ReadWrite", "User.ReadBasic.All", "User.Read.All", "Directory.Read.All") {
		return forbidden()
	}
	body, names, fail := selected(c, "user", profile(c.caller.user), defaultProperties())
	if fail != nil {
		return *fail
	}
	body["@odata.context"] = s.context(c, "users"+names+"/$entity")
	return graphReply{status: http.StatusOK, body: body}
}

func (s *Server) manager(c graphCall) graphReply {
	if !c.caller.may("User.Read.All", "Directory.Read.All") {
		return forbidden()
	}
	boss, ok := s.User(c.caller.user.Manager)
	if !ok {
		return notFound("manager")
	}
	body, names, fail := selected(c, "user", profile(boss), defaultProperties())
	if fail != nil {
		return *fail
	}
	body["@odata.context"] = s.context(c, "directoryObjects"+names+"/$entity")
	body["@odata.type"] = "#microsoft.graph.user"
	return graphReply{status: http.StatusOK, body: body}
}

func (s *Server) organization(c graphCall) graphReply {
	if !c.caller.may("User.Read", "Organization.Read.All", "Directory.Read.All") {
		return forbidden()
	}
	all := map[string]any{
		"id": s.tenant, "displayName": s.orgName, "countryLetterCode": "DE", "tenantType": "AAD",
		"verifiedDomains": []map[string]any{{"name": "contoso.example", "isDefault": true, "isInitial": true, "type": "Managed"}},
	}
	body, names, fail := selected(c, "organization", all, slices.Sorted(maps.Keys(all)))
	if fail != nil {
		return *fail
	}
	return graphReply{status: http.StatusOK, body: map[string]any{"@odata.context": s.context(c, "organization"+names), "value": []any{body}}}
}

func (s *Server) photo(c graphCall) graphReply {
	if !c.caller.may("User.Read", "User.ReadWrite", "User.Read.All", "ProfilePhoto.Read.All") {
		return forbidden()
	}
	return graphError(http.StatusNotFound, "ImageNotFound", "The photo wasn't found.")
}
