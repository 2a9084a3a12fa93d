package translate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/ingress/annotations"
)

// controller looks at the settings of ingress-nginx itself, which hold for every Ingress. None is carried over.
func (p *plan) controller(m annotations.Manifest) {
	for _, c := range m.Controllers() {
		for _, key := range slices.Sorted(maps.Keys(c.Data)) {
			v := c.Data[key]
			k := settingOf(key, v.Text)
			if strings.TrimSpace(v.Text) == "" || k.fate == unknown || v.Text == "false" {
				continue
			}
			p.notes = append(p.notes, Note{
				File: c.File, Line: v.Line, Object: "ConfigMap " + c.Title(), Subject: key,
				Text: "this setting of the controller is not carried over",
			})
			at := fmt.Sprintf("%s:%d", c.File, v.Line)
			for _, o := range p.objects {
				switch {
				case k.fate == guarding:
					p.refuse(o, o.Line, "", "the controller has %s (%s): %s", key, at, k.why)
				case key == globalAuth && !o.protected && o.Annotations[annotations.Prefix+"enable-global-auth"].Text != "false":
					p.refuse(o, o.Line, "", "has no auth-url, but the controller has a global-auth-url (%s), which is not carried over", at)
				}
			}
		}
	}
}

const globalAuth = "global-auth-url"

// settingOf tells what becomes of a setting of the controller; most are about nginx alone, and unknown here.
func settingOf(key, text string) known {
	if key == "server-snippet" && strings.TrimSpace(text) == annotations.OnlyWebSocket {
		return known{dropped, ""} // what is written opens no tunnel either
	}
	switch key {
	case "whitelist-source-range", "denylist-source-range", "block-cidrs", "block-user-agents", "block-referers":
		return known{guarding, whyClients}
	case "enable-modsecurity", "enable-owasp-modsecurity-crs":
		return known{guarding, whyWAF}
	case "http-snippet", "server-snippet", "location-snippet", "modsecurity-snippet":
		return known{guarding, whySnippet}
	case globalAuth, "main-snippet", "stream-snippet":
		return known{dropped, ""} // of the first, each Ingress has its own say; the others are outside of http
	}
	return known{}
}
