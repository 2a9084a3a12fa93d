package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/graph"
	"github.com/easyauth-sidecar/easyauth/authserver/hosts"
)

// onlineTimeout bounds all questions together.
const onlineTimeout = time.Minute

// Results of an examination.
const (
	resultOK       = "ok"
	resultFailed   = "failed"
	resultNotAsked = "not asked"

	resultNotAllowed = "not allowed" // and it works without
)

// finding is a row of the table.
type finding struct{ what, result, detail, do string }

func found(what string, err error, detail, do string) finding {
	if err != nil {
		return finding{what, resultFailed, err.Error(), do}
	}
	return finding{what, resultOK, detail, ""}
}

// checkOnline asks everybody on whom the configuration relies and prints what works, and
// what to do about the rest. It signs nobody in and changes nothing.
func checkOnline(ctx context.Context, cfg *config.Config, p *parts, env environment) int {
	ctx, cancel := context.WithTimeout(ctx, onlineTimeout)
	defer cancel()
	var findings []finding
	if p.live != nil {
		g := p.live.now.Load()
		answers := g.provider.Examine(ctx)
		for _, f := range answers {
			findings = append(findings, ofProvider(f))
		}
		findings = append(findings, missing(answers)...)
		findings = append(findings, examineGraph(ctx, cfg, g)...)
	}
	findings = append(findings, examineStore(ctx, cfg, p))
	code := exitOK
	w := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "WHAT\tRESULT\tDETAIL") // as with say, there is nothing to do if nobody can read it
	for _, f := range findings {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", f.what, f.result, f.detail)
		if f.result == resultFailed {
			code = exitFailed
		}
	}
	_ = w.Flush()
	heading := "\nWhat to do:\n"
	for _, f := range findings {
		if f.do != "" {
			say(env.stdout, "%s  %s: %s\n", heading, f.what, f.do)
			heading = ""
		}
	}
	if cfg.Roles.SignIn {
		sayRedirects(cfg, env)
	}
	return code
}

func ofProvider(f entra.Finding) finding {
	what, detail, do := string(f.Question), f.About, advice(f.Question, f.Err)
	if f.Tenant != "" {
		what += ", tenant " + f.Tenant
		do = strings.ReplaceAll(do, "EASYAUTH_TENANT_ID", "EASYAUTH_ALLOWED_TENANTS")
	}
	switch f.Question {
	case entra.AskDiscovery:
	case entra.AskKeys:
		detail = fmt.Sprintf("%d at %s", f.Keys, f.About)
		if f.Err == nil && f.Keys == 0 {
			return finding{what, resultFailed, "none that can be used at " + f.About, "tokens are accepted when they are signed with RS256, PS256, ES256 or a longer kind of these: look at the provider's settings"}
		}
	case entra.AskToken:
		detail = "it believes that we are this client: " + f.About
	}
	return found(what, f.Err, detail, do)
}

// missing are the questions that were not asked.
func missing(asked []entra.Finding) (rows []finding) {
	for _, q := range []entra.Question{entra.AskKeys, entra.AskToken} {
		if !slices.ContainsFunc(asked, func(f entra.Finding) bool { return f.Question == q }) {
			rows = append(rows, finding{string(q), resultNotAsked, "discovery comes first", ""})
		}
	}
	return rows
}

const rowGraph = "Microsoft Graph"

// examineGraph tries what the application's own permissions are used for.
func examineGraph(ctx context.Context, cfg *config.Config, g *generation) []finding {
	if cfg.Kind == config.KindOIDC || cfg.Kind == config.KindB2C {
		return []finding{{rowGraph, resultNotAsked, "it knows nothing of this provider's users", ""}}
	}
	token, err := g.provider.GraphAppToken(ctx, "")
	if err != nil {
		return []finding{{rowGraph, resultNotAsked, "the token endpoint comes first", ""}}
	}
	rows := []finding{}
	if cfg.ReadRegistration {
		_, err := g.directory.Registration(ctx, token, cfg.ClientID)
		row := found("app registration", err, "it can be read", "see whether "+cfg.GraphURL+" can be reached from here")
		if refused, ok := errors.AsType[*graph.Error](err); ok && (refused.Reason == graph.ReasonForbidden || refused.Reason == graph.ReasonNotFound) {
			row = finding{"app registration", resultNotAllowed, "the permission to read it is missing", "grant the application permission Application.Read.All of Microsoft Graph, or set EASYAUTH_READ_REGISTRATION=false (it gives scopes of your own API their short names, and pages a name and a logo)"}
		}
		rows = append(rows, row)
	}
	if cfg.GroupsAppOnly {
		const nobody = "00000000-0000-4000-8000-000000000000"
		_, err := g.directory.MemberGroups(ctx, token, nobody)
		if refused, ok := errors.AsType[*graph.Error](err); ok && refused.Reason == graph.ReasonNotFound {
			err = nil // nobody is not there, and we may know it
		}
		rows = append(rows, found("groups of tokens", err, "they may be asked for", "grant the application permissions User.Read.All and GroupMember.Read.All of Microsoft Graph, with an administrator's consent, or set EASYAUTH_GROUPS_APP_ONLY=false"))
	}
	if len(rows) == 0 {
		rows = append(rows, finding{rowGraph, resultOK, "it gives tokens; no permission of the application itself is used", ""})
	}
	return rows
}

func examineStore(ctx context.Context, cfg *config.Config, p *parts) finding {
	const what = "store of sessions"
	if cfg.Store == config.StoreCookie && cfg.Revocation == config.RevocationNone {
		return finding{what, resultNotAsked, "sessions are in cookies alone", ""}
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	kind := cfg.Store
	if kind == config.StoreCookie {
		kind = config.StoreRedis // of the list of revoked tickets
	}
	return found(what, p.ping(ctx), kind+" answers", "see whether its address can be reached from here, and whether user and password are right; docs/sessions.md has the set-up")
}

// sayRedirects prints what must be registered at the provider, which nobody but a person
// who signs in can try.
func sayRedirects(cfg *config.Config, env environment) {
	listed := cfg.Hosts
	if cfg.CallbackHost != "" {
		listed = []string{cfg.CallbackHost}
	}
	served, err := hosts.New(hosts.Config{Hosts: listed, InsecureHTTP: cfg.InsecureHTTP})
	if err != nil { // the configuration is good
		return
	}
	say(env.stdout, "\nRegister at the identity provider, character by character:\n")
	for _, origin := range served.Origins() {
		note := ""
		if strings.Contains(origin, "*") {
			note = "   (each host by itself: no provider takes a *)"
		}
		say(env.stdout, "  redirect URI          %s%s%s\n  URI after sign-out    %s%s%s\n", origin, cfg.CallbackPath, note, origin, cfg.SignedOutPath, note)
	}
}
