package config

import (
	"slices"
	"strings"
)

// azure is a variable that AKS workload identity gives to a pod, for one of ours.
type azure struct{ name, own string }

func azures() []azure {
	return []azure{
		{"AZURE_CLIENT_ID", "EASYAUTH_CLIENT_ID"},
		{"AZURE_TENANT_ID", "EASYAUTH_TENANT_ID"},
		{"AZURE_AUTHORITY_HOST", "EASYAUTH_INSTANCE"},
	}
}

// adoptAzure gives our variables that are not set the values of AKS workload
// identity's, when its token file is the credential; where both are set, ours
// counts. With another credential they are of no concern: they may be meant for
// something else. The token file itself is a field of the spec.
func adoptAzure(values map[string]string, r *report) {
	given := func(name string) bool { return values[name] != "" }
	if !given("AZURE_FEDERATED_TOKEN_FILE") || given("EASYAUTH_ISSUER") || slices.ContainsFunc(ownCredentials(), given) {
		return
	}
	for _, a := range azures() {
		value, own, said := values[a.name], values[a.own], r.spelling(a.own)
		if own == "" && a.own == "EASYAUTH_INSTANCE" && given("EASYAUTH_CLOUD") {
			own, said = cloudNamed(strings.ToLower(values["EASYAUTH_CLOUD"])).instance, "EASYAUTH_CLOUD"
		}
		switch {
		case value == "" || r.has(a.own):
		case own == "":
			values[a.own] = value
			r.spelled[a.own] = a.name
		case !strings.EqualFold(strings.TrimSuffix(value, "/"), strings.TrimSuffix(own, "/")):
			r.warn(a.name, "is not used: it differs from what %s says", said)
		}
	}
}
