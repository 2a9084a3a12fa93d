package entra

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// pageSize is how many members a collection holds at once unless $top says otherwise.
const pageSize = 100

// answerResource is the map of Graph.
func (s *Server) answerResource(c graphCall) graphReply {
	path := strings.TrimSuffix(c.path, "/")
	if path == "/organization" {
		return s.get(c, s.organization)
	}
	if path != "/me" && !strings.HasPrefix(path, "/me/") {
		return graphError(http.StatusBadRequest, "BadRequest", "Resource not found for the segment '"+clip(strings.TrimPrefix(path, "/"))+"'.")
	}
	if c.caller.app {
		return graphError(http.StatusBadRequest, "BadRequest", "/me request is only valid with delegated authentication flow.")
	}
	switch path {
	case "/me":
		return s.get(c, s.me)
	case "/me/manager":
		return s.get(c, s.manager)
	case "/me/memberOf", "/me/transitiveMemberOf":
		return s.get(c, s.memberOf)
	case "/me/memberOf/$count", "/me/transitiveMemberOf/$count":
		return s.get(c, s.memberCount)
	case "/me/photo/$value", "/me/photo":
		return s.get(c, s.photo)
	case "/me/checkMemberGroups":
		return s.checkMemberGroups(c)
	case "/me/getMemberObjects", "/me/getMemberGroups":
		return s.memberObjects(c)
	}
	return graphError(http.StatusBadRequest, "BadRequest", "Resource not found for the segment '"+clip(strings.TrimPrefix(path, "/me/"))+"'.")
}

func (s *Server) get(c graphCall, answer func(graphCall) graphReply) graphReply {
	if c.method != http.MethodGet {
		return graphError(http.StatusMethodNotAllowed, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
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
func selected(c graphCall, all map[string]any, byDefault []string) (map[string]any, string, *graphReply) {
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
			fail := graphError(http.StatusBadRequest, "BadRequest", "Parsing OData Select and Expand failed: Could not find a property named '"+clip(name)+"' on type 'microsoft.graph.user'.")
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
	body, names, fail := selected(c, profile(c.caller.user), defaultProperties())
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
		return graphError(http.StatusNotFound, "Request_ResourceNotFound", "Resource 'manager' does not exist or one of its queried reference-property objects are not present.")
	}
	body, names, fail := selected(c, profile(boss), defaultProperties())
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
	body, names, fail := selected(c, all, slices.Sorted(maps.Keys(all)))
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

func mayReadOwnGroups(c graphCall) bool {
	return c.caller.may("User.Read", "User.ReadWrite", "User.Read.All", "GroupMember.Read.All", "Group.Read.All", "Directory.Read.All")
}

// memberOf pages through the groups: $top (1 to 999), $skiptoken, @odata.nextLink.
func (s *Server) memberOf(c graphCall) graphReply {
	if !mayReadOwnGroups(c) {
		return forbidden()
	}
	size, start := pageSize, 0
	if text := c.query.Get("$top"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 999 {
			return graphError(http.StatusBadRequest, "Request_UnsupportedQuery", "Invalid page size specified: '"+clip(text)+"'. Must be between 1 and 999 inclusive.")
		}
		size = n
	}
	groups := c.caller.user.Groups
	if text := c.query.Get("$skiptoken"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > len(groups) {
			return graphError(http.StatusBadRequest, "Directory_ExpiredPageToken", "The specified page token value has expired and can no longer be included in your request.")
		}
		start = n
	}
	end := min(start+size, len(groups))
	value := []any{}
	for i, id := range groups[start:end] {
		all := map[string]any{"id": id, "displayName": fmt.Sprintf("Group %03d", start+i+1), "securityEnabled": true, "mailEnabled": false, "description": nil}
		item, _, fail := selected(c, all, slices.Sorted(maps.Keys(all)))
		if fail != nil {
			return *fail
		}
		item["@odata.type"] = "#microsoft.graph.group"
		value = append(value, item)
	}
	body := map[string]any{"@odata.context": s.context(c, "directoryObjects"), "value": value}
	if c.query.Get("$count") == "true" {
		body["@odata.count"] = len(groups)
	}
	if end < len(groups) {
		next := maps.Clone(c.query)
		next.Set("$skiptoken", strconv.Itoa(end))
		body["@odata.nextLink"] = s.BaseURL() + "/" + c.version + c.path + "?" + next.Encode()
	}
	return graphReply{status: http.StatusOK, body: body}
}

func (s *Server) memberCount(c graphCall) graphReply {
	if !mayReadOwnGroups(c) {
		return forbidden()
	}
	return graphReply{status: http.StatusOK, text: strconv.Itoa(len(c.caller.user.Groups))}
}

// checkMemberGroups takes at most 20 ids and tells which of them the user is in.
func (s *Server) checkMemberGroups(c graphCall) graphReply {
	var in struct {
		GroupIDs []string `json:"groupIds"`
	}
	switch {
	case c.method != http.MethodPost:
		return graphError(http.StatusMethodNotAllowed, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
	case !mayReadOwnGroups(c):
		return forbidden()
	case json.Unmarshal(c.body, &in) != nil || len(in.GroupIDs) == 0 || len(in.GroupIDs) > 20:
		return graphError(http.StatusBadRequest, "Request_BadRequest", "groupIds must hold 1 to 20 ids.")
	}
	return s.stringCollection(c, slices.DeleteFunc(in.GroupIDs, func(id string) bool { return !slices.Contains(c.caller.user.Groups, id) }))
}

// memberObjects lists all groups without pages.
func (s *Server) memberObjects(c graphCall) graphReply {
	switch {
	case c.method != http.MethodPost:
		return graphError(http.StatusMethodNotAllowed, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
	case !c.caller.may("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"):
		return forbidden()
	case len(c.caller.user.Groups) > 11_000:
		return graphError(http.StatusBadRequest, "Directory_ResultSizeLimitExceeded", "The specified directory service request has exceeded its size limit. Please make a more specific request.")
	}
	return s.stringCollection(c, c.caller.user.Groups)
}

func (s *Server) stringCollection(c graphCall, list []string) graphReply {
	if list == nil {
		list = []string{}
	}
	return graphReply{status: http.StatusOK, body: map[string]any{"@odata.context": s.context(c, "Collection(Edm.String)"), "value": list}}
}
