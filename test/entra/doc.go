// Package entra is an emulator of Microsoft Entra ID v2 and Microsoft Graph for
// tests and demonstrations. It runs inside the test's process, keeps everything
// in memory and answers under one address. It knows nothing of EasyAuth and must
// import no package of it: what the two agree on is the protocol.
//
// It is not an identity provider: every password is "demo", and whoever reaches
// its sign-in page may be anyone.
//
// # Use
//
//	idp := entra.StartTest(t, entra.Config{Clients: []entra.Client{{
//		ID: "11111111-0000-4000-8000-000000000001", Secret: "s3cret",
//		RedirectURIs: []string{"https://app.test/easyauth/signin-oidc"},
//	}}})
//	callback, err := entra.SignIn(ctx, browser, authorizeURL, entra.Adele)
//
// # Addresses
//
//	/{tenant}/v2.0/.well-known/openid-configuration   discovery; {tenant} also common, organizations
//	/{tenant}/discovery/v2.0/keys                     JWKS
//	/{tenant}/oauth2/v2.0/authorize                   authorization endpoint
//	/{tenant}/login                                   what its pages post to
//	/{tenant}/oauth2/v2.0/token                       token endpoint
//	/{tenant}/oauth2/v2.0/logout                      end_session_endpoint
//	/oidc/userinfo                                    userinfo, part of Graph
//	/v1.0/…  /beta/…                                  Microsoft Graph
//	/error?code=                                      behind error_uri
//
// # Pages
//
// Each page is plain HTML without script; <main data-step="…"> names it.
//
//	pick        #user-<id> one button per user; #username, #password, #sign-in; #cancel; #problem after a wrong password
//	approve     #approve, #cancel: a stronger sign-in, when an authentication context is asked for as essential
//	consent     #scopes, #consent, #cancel
//	post        #continue: response_mode=form_post
//	error       #error
//	signed-out  #signed-out
//
// # What is modelled
//
//	issuer                 {base}/{tid}/v2.0; {tenantid} in the documents of common and organizations
//	discovery              Entra's members only: PKCE methods and RFC 9207 are not announced
//	JWKS                   several keys, no alg member, kid = x5t, x5c, issuer; one key of use enc
//	redirect URIs          exact; errors about client or redirect URI are a page, others a redirect
//	state                  over 1,800 characters: AADSTS90015, a page
//	response modes         query, form_post, fragment; session_state is sent, iss is not
//	prompt                 none (login_required, interaction_required, consent_required), login, select_account, consent
//	login_hint             fills in the user name; another user than the session's asks again
//	claims                 id_token.acrs: approval when essential, then the acrs claim; all else is kept for LastAuthorize
//	PKCE                   S256 and plain; required of public clients
//	consent                per user, client and scope; also for openid, profile, email, offline_access
//	code                   10 minutes, once (AADSTS54005), same client and redirect URI; about 940 characters long
//	scope                  Graph's without prefix, other APIs' with; offline_access is not echoed; all that was
//	                       consented for the resource is granted, also what an earlier sign-in asked for
//	resources              one per token (AADSTS28000); without scope the first resource of the authorization request
//	refresh token          90 days, for any resource that was consented; a new one each time, the old one stays good
//	client credentials     {resource}/.default only; idtyp app, roles, sub = oid, no scp
//	client authentication  secret in the body or Basic, not both
//	ID token               RS256; iat and nbf five minutes back; pairwise sub; oid, name, preferred_username need
//	                       profile, email needs email; roles; up to 200 groups, else _claim_names and _claim_sources
//	optional claims        auth_time, login_hint, sid, xms_edov, idtyp per registration; no amr
//	access tokens          Graph's: v1 claims, a nonce in the header, not verifiable with the JWKS; APIs': v2 (azp) or v1 (appid)
//	logout                 ends the session; returns only to registered addresses, with state
//	Graph                  /me, /me/manager, /me/memberOf and transitiveMemberOf (pages, $count), checkMemberGroups,
//	                       getMemberObjects, /organization, /me/photo (404); $select; permissions; error objects
//	$batch                 20 at most, answers in another order, per item status, headers and body, scalar bodies, dependsOn
//
// # What is not
//
//	client assertions      certificates and federated credentials are refused (AADSTS700027)
//	response types         id_token and token (implicit and hybrid flows), device code, on-behalf-of, ROPC
//	accounts               several at once in one browser; personal accounts; tenants by domain name; disabled users
//	conditional access     beyond acrs; assignment of users to applications; admin-only consent
//	lifetimes              Entra varies the access token's between 60 and 90 minutes
//	logout                 front-channel iframes; the page that asks which account to sign out
//	other products         B2C, External ID, national clouds, the v1 endpoints
//	Graph                  everything else; $filter, $expand, $search, $orderby; ConsistencyLevel is not needed for $count; gzip
//	throttling             only as a fault
//
// # Misbehaving
//
// SetFaults makes tokens, endpoints, single Graph URLs and callbacks wrong in the
// ways that Faults lists. Everything else stays right, so that a test sees the
// one check that it is about.
package entra
