package config

import "strings"

const maxKeptGroups = 200

// groupSource is where groups come from.
type groupSource string

// Decode implements envconfig.Decoder.
func (g *groupSource) Decode(value string) error {
	choice, err := choose(value, "claims", "auto", "always")
	*g = groupSource(choice)
	return err
}

// groupsKeep is which groups a session keeps.
type groupsKeep struct {
	which string // rules, all or list
	ids   []string
}

// Decode implements envconfig.Decoder.
func (g *groupsKeep) Decode(value string) error {
	if choice, err := choose(value, "rules", "all"); err == nil {
		*g = groupsKeep{which: choice}
		return nil
	}
	if !strings.Contains(value, "-") { // a word that is neither of the two
		return expect("must be rules, all, or a list of groups' object IDs (GUIDs)")
	}
	ids, err := guids(value, maxKeptGroups)
	*g = groupsKeep{"list", ids}
	return err
}

// capabilities is what EasyAuth tells Entra ID that it can do.
type capabilities []string

// Decode implements envconfig.Decoder.
func (c *capabilities) Decode(value string) error {
	var l list
	if err := l.Decode(value); err != nil {
		return err
	}
	if len(l) != 1 || l[0] != "cp1" {
		return expect("must be cp1, the only capability there is")
	}
	*c = capabilities(l)
	return nil
}

// directory checks and sets what is read from the directory by Microsoft Graph:
// groups and the app registration. Without Graph the defaults are off.
func (s *spec) directory(r *report, c *Config) {
	c.Groups, c.GroupsKeep, c.GroupsKeepList = string(s.Groups), s.GroupsKeep.which, s.GroupsKeep.ids
	c.GroupsAppOnly, c.ReadRegistration, c.ClientCapabilities = s.GroupsAppOnly, s.ReadRegistration, s.ClientCapabilities
	switch {
	case !hasGraph(c.Kind):
		s.withoutGraph(r, c)
	case c.GroupsAppOnly && c.Groups == "claims":
		r.need("EASYAUTH_GROUPS_APP_ONLY", "asks Microsoft Graph, which EASYAUTH_GROUPS=claims rules out: set one of them")
	}
	if c.Groups == "claims" && c.GroupsKeep == "all" && !r.has("EASYAUTH_GROUPS") {
		r.warn("EASYAUTH_GROUPS_KEEP", "has no effect: where groups come from claims alone a session keeps all that the token holds, and nobody can be asked for others")
	}
}

// withoutGraph refuses what needs Graph or Entra ID.
func (s *spec) withoutGraph(r *report, c *Config) {
	const why = "with EASYAUTH_ISSUER or EASYAUTH_SIGNUP_SIGNIN_POLICY there is no Microsoft Graph to ask"
	if r.gave("EASYAUTH_GROUPS") && c.Groups != "claims" {
		r.need("EASYAUTH_GROUPS", "must be claims or unset: %s", why)
	}
	if c.GroupsAppOnly {
		r.need("EASYAUTH_GROUPS_APP_ONLY", "must be false or unset: %s", why)
	}
	if r.gave("EASYAUTH_READ_REGISTRATION") && c.ReadRegistration {
		r.need("EASYAUTH_READ_REGISTRATION", "must be false or unset: %s", why)
	}
	if len(c.ClientCapabilities) > 0 {
		r.fault("EASYAUTH_CLIENT_CAPABILITIES", "must be unset: %s", why)
	}
	for _, name := range []string{"EASYAUTH_GRAPH_URL", "EASYAUTH_GRAPH_VERSION", "EASYAUTH_GRAPH_QUERIES"} {
		if r.gave(name) {
			r.need(name, "must be unset: %s", why)
		}
	}
	c.Groups, c.ReadRegistration = "claims", false
}
