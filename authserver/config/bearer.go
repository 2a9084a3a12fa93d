package config

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	maxAudiences = 20
	maxAudience  = 256  // bytes
	maxCache     = 1024 // megabytes
	maxOrigins   = 50

	graphID = "00000003-0000-0000-c000-000000000000" // Microsoft Graph's application ID, in every tenant
)

// audiences are values of aud, beyond the client ID's own, that are ours.
type audiences []string

// Decode implements envconfig.Decoder. Values stay as they are: an audience
// with a slash at its end is not the one without.
func (a *audiences) Decode(value string) error {
	var l list
	if err := l.Decode(value); err != nil {
		return err
	}
	if len(l) > maxAudiences {
		return expect("must list at most %d audiences; there are %d", maxAudiences, len(l))
	}
	for i, audience := range l {
		switch {
		case !isGraphic(audience, maxAudience):
			return expect("must list audiences such as api://orders; entry %d holds characters outside of printable ASCII, or is longer than %d bytes", i+1, maxAudience)
		case slices.Contains(l[:i], audience):
			return expect("must list every audience once; entry %d is there twice", i+1)
		}
	}
	*a = audiences(l)
	return nil
}

// microsoftServices are audiences for which every program of a tenant can get
// tokens, beside Microsoft Graph: in lower case, without a slash at the end.
func microsoftServices() []string {
	return []string{
		"https://management.azure.com", "https://management.core.windows.net", "797f4846-ba00-4fd7-ba43-dac1f8f63013",
		"https://vault.azure.net", "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
		"https://storage.azure.com", "e406a681-f3d4-42a8-90b6-c2b029497af1",
		"https://graph.windows.net", "00000002-0000-0000-c000-000000000000",
		"https://database.windows.net", "https://ossrdbms-aad.database.windows.net",
	}
}

// foreignAudience is what becomes of a token of ours for another audience.
type foreignAudience string

// Decode implements envconfig.Decoder.
func (f *foreignAudience) Decode(value string) error {
	choice, err := choose(value, "refuse", "ignore")
	*f = foreignAudience(choice)
	return err
}

// megabytes is the size of a cache.
type megabytes int

// Decode implements envconfig.Decoder.
func (m *megabytes) Decode(value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > maxCache {
		return expect("must be a number of megabytes from 1 to %d, such as 16", maxCache)
	}
	*m = megabytes(n)
	return nil
}

// origins are what browsers send as Origin, in their spelling.
type origins []string

// Decode implements envconfig.Decoder.
func (o *origins) Decode(value string) error {
	var l list
	if err := l.Decode(value); err != nil {
		return err
	}
	if len(l) > maxOrigins {
		return expect("must list at most %d origins; there are %d", maxOrigins, len(l))
	}
	*o = make(origins, 0, len(l))
	for i, entry := range l {
		origin := originOf(entry)
		switch {
		case origin == "":
			return expect(`must list origins such as https://app.example.com or http://localhost:3000 (http on loopback only): no path, no slash at the end, no star, not "null"; entry %d is none`, i+1)
		case slices.Contains(*o, origin):
			return expect("must list every origin once; entry %d is there twice", i+1)
		}
		*o = append(*o, origin)
	}
	return nil
}

var originHost = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$`)

// originOf returns an origin as browsers spell it, in lower case and without
// the port that goes without saying; "" when entry is none.
func originOf(entry string) string {
	entry = strings.ToLower(entry)
	u, err := url.Parse(entry)
	if err != nil || !goodBaseURL(entry) || u.Path != "" || u.Port() == "0" {
		return ""
	}
	if !strings.HasPrefix(u.Host, "[") && !originHost.MatchString(u.Hostname()) {
		return ""
	}
	usual := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]
	return u.Scheme + "://" + strings.TrimSuffix(u.Host, usual)
}

// bearer checks and sets what concerns bearer tokens and scripts in browsers.
func (s *spec) bearer(r *report, c *Config) {
	c.AllowBearer, c.Audiences, c.CORSOrigins = s.AllowBearer, s.Audiences, s.CORSOrigins
	c.IgnoreForeignAudience, c.BearerCacheBytes = s.BearerForeignAudience == "ignore", int(s.BearerCacheMB)<<20
	for i, audience := range s.Audiences {
		switch name := strings.TrimSuffix(strings.ToLower(audience), "/"); {
		case name == graphID || name == "https://graph.microsoft.com" || name == strings.ToLower(c.GraphURL):
			r.fault("EASYAUTH_AUDIENCES", "entry %d is Microsoft Graph: its tokens are for it alone, and anybody's program may have one", i+1)
		case slices.Contains(microsoftServices(), name):
			r.fault("EASYAUTH_AUDIENCES", "entry %d is a service of Microsoft's: its tokens are for it alone, and anybody's program may have one", i+1)
		}
	}
	const allow = "EASYAUTH_ALLOW_BEARER"
	if s.AllowBearer || r.has(allow) {
		return
	}
	for _, name := range []string{"EASYAUTH_BEARER_FOREIGN_AUDIENCE", "EASYAUTH_BEARER_CACHE_MB"} {
		if r.gave(name) {
			r.need(name, "needs EASYAUTH_ALLOW_BEARER=true: it concerns bearer tokens alone")
		}
	}
	if s.GroupsAppOnly {
		r.fault("EASYAUTH_GROUPS_APP_ONLY", "needs EASYAUTH_ALLOW_BEARER=true: it concerns bearer tokens alone")
	}
}
