package entra

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	pageSize         = 100    // members that a page holds unless $top says otherwise
	maxPageSize      = 999    // and at most
	maxCheckedGroups = 20     // ids that checkMemberGroups takes
	maxMemberObjects = 11_000 // ids that getMemberObjects answers, unless Config.MaxMemberObjects says otherwise
)

// membership is whose groups are asked: the token's own user (/me) or another.
type membership struct {
	user User
	own  bool
}

// ofUser answers what lies below /users/{object id or user principal name}.
func (s *Server) ofUser(c graphCall, id, below string) graphReply {
	u, known := s.userInDirectory(c, id)
	reply := s.memberships(c, membership{user: u}, below)
	if !known && reply.status == http.StatusOK { // whoever may not ask does not learn who exists
		return notFound(id)
	}
	return reply
}

// userInDirectory finds a user of the token's tenant.
func (s *Server) userInDirectory(c graphCall, id string) (User, bool) {
	for _, u := range s.allUsers() {
		if s.home(u) == c.caller.tenant && (strings.EqualFold(u.ObjectID, id) || strings.EqualFold(u.Username, id)) {
			return u, true
		}
	}
	return User{}, false
}

// memberships answers the questions about groups that a user's resource has.
func (s *Server) memberships(c graphCall, m membership, question string) graphReply {
	question, count := strings.CutSuffix(question, "/$count")
	method, answer := http.MethodPost, s.memberObjects
	switch question {
	case "memberOf", "transitiveMemberOf":
		method, answer = http.MethodGet, s.memberOf
		if count {
			answer = s.memberCount
		}
	case "checkMemberGroups":
		answer = s.checkMemberGroups
	case "getMemberObjects", "getMemberGroups":
	default:
		return noSegment(question)
	}
	switch {
	case count && method == http.MethodPost:
		return noSegment("$count")
	case c.method != method:
		return wrongMethod()
	case !m.mayAsk(c.caller, question):
		return forbidden()
	}
	return answer(c, m.user)
}

// mayAsk is the permissions of each question. A user's own groups need less.
func (m membership) mayAsk(c caller, question string) bool {
	if c.may("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All") {
		return true
	}
	switch question {
	case "memberOf", "transitiveMemberOf":
		return c.may("User.Read.All") || m.own && c.may("User.Read", "User.ReadWrite")
	case "checkMemberGroups":
		return m.own && c.may("User.Read", "User.ReadWrite", "User.Read.All")
	case "getMemberObjects":
		return !m.own && c.may("User.Read.All")
	}
	return false
}

// memberOf pages through the groups: $top (1 to 999), $skiptoken, @odata.nextLink.
func (s *Server) memberOf(c graphCall, u User) graphReply {
	size, start := pageSize, 0
	if text := c.query.Get("$top"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxPageSize {
			return graphError(http.StatusBadRequest, "Request_UnsupportedQuery", "Invalid page size specified: '"+clip(text)+"'. Must be between 1 and 999 inclusive.")
		}
		size = n
	}
	groups := u.Groups
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
		all := s.group(id, start+i)
		item, _, fail := selected(c, "directoryObject", all, slices.Sorted(maps.Keys(all)))
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
	s.linkNext(c, body, end, len(groups))
	return graphReply{status: http.StatusOK, body: body}
}

// linkNext adds @odata.nextLink to a page that ends before the last member, or
// the one of Faults.NextLink to any.
func (s *Server) linkNext(c graphCall, body map[string]any, end, members int) {
	if fault := s.faults.get().NextLink; fault != "" {
		body["@odata.nextLink"] = fault
		return
	}
	if end < members {
		next := maps.Clone(c.query)
		next.Set("$skiptoken", strconv.Itoa(end))
		path := url.URL{Path: c.path}
		body["@odata.nextLink"] = s.BaseURL() + "/" + c.version + path.EscapedPath() + "?" + next.Encode()
	}
}

func (s *Server) memberCount(_ graphCall, u User) graphReply {
	return graphReply{status: http.StatusOK, text: strconv.Itoa(len(u.Groups))}
}

var anyGUID = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)

// checkMemberGroups takes at most 20 ids and tells which of them the user is in.
// One id that is no GUID fails them all.
func (s *Server) checkMemberGroups(c graphCall, u User) graphReply {
	var in struct {
		GroupIDs []string `json:"groupIds"`
	}
	if json.Unmarshal(c.body, &in) != nil || len(in.GroupIDs) == 0 || len(in.GroupIDs) > maxCheckedGroups {
		return graphError(http.StatusBadRequest, "Request_BadRequest", "groupIds must hold 1 to 20 ids.")
	}
	var found []string
	for _, id := range in.GroupIDs {
		if !anyGUID.MatchString(id) {
			return graphError(http.StatusBadRequest, "Request_BadRequest", "Invalid object identifier '"+clip(id)+"'.")
		}
		if id = strings.ToLower(id); slices.Contains(u.Groups, id) {
			found = appendNew(found, id)
		}
	}
	return s.stringCollection(c, found)
}

// memberObjects lists all groups without pages, up to a limit.
func (s *Server) memberObjects(c graphCall, u User) graphReply {
	if len(u.Groups) > s.maxMembers {
		return graphError(http.StatusBadRequest, "Directory_ResultSizeLimitExceeded", "The specified directory service request has exceeded its size limit. Please make a more specific request.")
	}
	return s.stringCollection(c, u.Groups)
}

func (s *Server) stringCollection(c graphCall, list []string) graphReply {
	if list == nil {
		list = []string{}
	}
	return graphReply{status: http.StatusOK, body: map[string]any{"@odata.context": s.context(c, "Collection(Edm.String)"), "value": list}}
}
