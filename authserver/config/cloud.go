package config

import "slices"

// cloud is one of Microsoft's separate clouds.
type cloud struct {
	name     string
	instance string // its sign-in host
	graph    string // its Microsoft Graph
	v1Issuer string // what version 1 tokens' issuers begin with; a tenant's GUID and "/" follow
}

// clouds is the whole list; the first is the default. The two of the US
// government share their sign-in host.
func clouds() []cloud {
	const sts = "https://sts.windows.net/"
	return []cloud{
		{"public", "https://login.microsoftonline.com/", "https://graph.microsoft.com", sts},
		{"usgov", "https://login.microsoftonline.us/", "https://graph.microsoft.us", sts},
		{"usgovdod", "https://login.microsoftonline.us/", "https://dod-graph.microsoft.us", sts},
		{"china", "https://login.partner.microsoftonline.cn/", "https://microsoftgraph.chinacloudapi.cn", "https://sts.chinacloudapi.cn/"},
	}
}

// cloudNamed returns the cloud of this name, or the default.
func cloudNamed(name string) cloud {
	all := clouds()
	return all[max(0, slices.IndexFunc(all, func(c cloud) bool { return c.name == name }))]
}

// cloudName is the name of a cloud.
type cloudName string

// Decode implements envconfig.Decoder.
func (c *cloudName) Decode(value string) error {
	var names []string
	for _, cloud := range clouds() {
		names = append(names, cloud.name)
	}
	choice, err := choose(value, names...)
	*c = cloudName(choice)
	return err
}

// cloud settles on a cloud: the one that is named, else that of the sign-in
// host. It sets the sign-in host when none was given, and refuses one of another
// cloud than the one that is named.
func (s *spec) cloud(r *report) cloud {
	of := s.Instance.cloud()
	if !r.gave("EASYAUTH_CLOUD") || r.has("EASYAUTH_CLOUD") {
		return cloudNamed(of)
	}
	chosen := cloudNamed(string(s.Cloud))
	switch {
	case !r.gave("EASYAUTH_INSTANCE"):
		if err := s.Instance.Decode(chosen.instance); err != nil {
			r.fault("EASYAUTH_CLOUD", "has no good sign-in host: %v", err)
		}
	case of != "" && cloudNamed(of).instance != chosen.instance && !r.has("EASYAUTH_INSTANCE"):
		r.fault("EASYAUTH_INSTANCE", "is a sign-in host of another cloud than the one that EASYAUTH_CLOUD names: set one of them")
	}
	return chosen
}
