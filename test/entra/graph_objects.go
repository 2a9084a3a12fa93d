package entra

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// maxObjectIDs is how many ids getByIds takes.
const maxObjectIDs = 1000

// directoryKind is a kind of objects that getByIds finds.
type directoryKind struct {
	name  string   // in types, and after #microsoft.graph.
	needs []string // permissions that show more than the id
	find  func(s *Server, tenant, id string) (map[string]any, bool)
}

func directoryKinds() []directoryKind {
	return []directoryKind{
		{"group", []string{"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"}, (*Server).groupObject},
		{"user", []string{"User.ReadBasic.All", "User.Read.All", "Directory.Read.All"}, (*Server).userObject},
	}
}

// getByIDs answers POST /directoryObjects/getByIds: groups and users of the token's
// tenant by object id, with $select; ids of nobody are left out. As at Graph a
// caller who may read one kind alone gets ids of the other with null for all else.
func (s *Server) getByIDs(c graphCall) graphReply {
	if c.method != http.MethodPost {
		return wrongMethod()
	}
	kinds := directoryKinds()
	if !slices.ContainsFunc(kinds, func(k directoryKind) bool { return c.caller.may(k.needs...) }) {
		return forbidden()
	}
	var in struct {
		IDs   []string `json:"ids"`
		Types []string `json:"types"`
	}
	if err := json.Unmarshal(c.body, &in); err != nil || len(in.IDs) == 0 {
		return graphError(http.StatusBadRequest, "Request_BadRequest", "Invalid value specified for property 'ids' of resource 'DirectoryObject'.")
	}
	if len(in.IDs) > maxObjectIDs {
		return graphError(http.StatusBadRequest, "Request_BadRequest", fmt.Sprintf("Too many ids: %d. At most %d are allowed.", len(in.IDs), maxObjectIDs))
	}
	value, names := []any{}, ""
	var done []string
	for _, id := range in.IDs {
		id = strings.ToLower(id)
		if !guid.MatchString(id) {
			return graphError(http.StatusBadRequest, "Request_BadRequest", "Invalid object identifier '"+clip(id)+"'.")
		}
		if slices.Contains(done, id) {
			continue
		}
		done = append(done, id)
		item, asked, fail := s.directoryObject(c, id, in.Types)
		if fail != nil {
			return *fail
		}
		if item != nil {
			value, names = append(value, item), asked
		}
	}
	return graphReply{status: http.StatusOK, body: map[string]any{"@odata.context": s.context(c, "directoryObjects"+names), "value": value}}
}

// directoryObject finds one object of the kinds asked; it returns nil for none.
func (s *Server) directoryObject(c graphCall, id string, types []string) (map[string]any, string, *graphReply) {
	for _, k := range directoryKinds() {
		named := func(t string) bool { return strings.EqualFold(t, k.name) || strings.EqualFold(t, "directoryObject") }
		if len(types) > 0 && !slices.ContainsFunc(types, named) {
			continue
		}
		all, ok := k.find(s, c.caller.tenant, id)
		if !ok {
			continue
		}
		if !c.caller.may(k.needs...) {
			for name := range all {
				all[name] = nil
			}
			all["id"] = id
		}
		item, names, fail := selected(c, k.name, all, slices.Sorted(maps.Keys(all)))
		if fail == nil {
			item["@odata.type"] = "#microsoft.graph." + k.name
		}
		return item, names, fail
	}
	return nil, "", nil
}

func (s *Server) userObject(tenant, id string) (map[string]any, bool) {
	u, ok := s.User(id)
	if !ok || u.ObjectID != id || s.home(u) != tenant {
		return nil, false
	}
	return profile(u), true
}

// groupObject knows the groups that some user of the tenant is in.
func (s *Server) groupObject(tenant, id string) (map[string]any, bool) {
	for _, u := range s.allUsers() {
		if i := slices.Index(u.Groups, id); i >= 0 && s.home(u) == tenant {
			return s.group(id, i), true
		}
	}
	return nil, false
}

// group is a group as Graph tells; place is where it stands in a user's list.
func (s *Server) group(id string, place int) map[string]any {
	name, ok := s.groupNames[id]
	if !ok {
		name = fmt.Sprintf("Group %03d", place+1)
	}
	return map[string]any{"id": id, "displayName": name, "securityEnabled": true, "mailEnabled": false, "description": nil}
}
