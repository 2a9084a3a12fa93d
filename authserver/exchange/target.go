package exchange

import (
	"net/http"
	"slices"
	"strings"

	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
)

// What RFC 8693 calls things.
const (
	grantExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
	typeID        = "urn:ietf:params:oauth:token-type:id_token"
	typeAccess    = "urn:ietf:params:oauth:token-type:access_token"
)

// checkExchange refuses what an exchange may ask for and does not get here: a token for
// somebody else, for another actor, of another kind, or with less in it.
func (h *Handler) checkExchange(p params, self hosts.Host) error {
	for _, name := range []string{"actor_token", "actor_token_type"} {
		if p[name] != "" {
			return malformed("there is no delegation here: " + name + " is not accepted")
		}
	}
	if t := p["requested_token_type"]; t != "" && t != typeAccess {
		return malformed("requested_token_type can only be " + typeAccess)
	}
	return h.checkTarget(p, self)
}

// checkTarget refuses a resource, an audience and a scope that a token of ours is not
// for. It is for the hosts that are served here, under the person's own rights.
func (h *Handler) checkTarget(p params, self hosts.Host) error {
	refused := func(name string) error {
		return &refusal{
			status: http.StatusBadRequest, code: codeInvalidTarget, reason: ReasonTarget, text: name + " is not what tokens of this service are for",
		}
	}
	if a := p["audience"]; a != "" && !slices.Contains(h.Audiences, a) {
		return refused("audience")
	}
	if raw := p["resource"]; raw != "" {
		if _, ok := h.Hosts.ReturnURL(raw, self); !ok || strings.HasPrefix(raw, "/") || strings.Contains(raw, "#") {
			return refused("resource")
		}
	}
	if p["scope"] != "" {
		return &refusal{
			status: http.StatusBadRequest, code: codeInvalidScope, reason: ReasonScope,
			text: "a token has the scopes of its session, no more and no fewer: leave scope out",
		}
	}
	return nil
}
