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
// {tenant} is a GUID, a domain name of Config.Domains, common or organizations;
// for B2C it is a GUID or domain name and a policy: /contoso.example/B2C_1_SignIn/…
//
//	/{tenant}/v2.0/.well-known/openid-configuration   discovery
//	/{tenant}/discovery/v2.0/keys                     JWKS
//	/{tenant}/oauth2/v2.0/authorize                   authorization endpoint
//	/{tenant}/login                                   what its pages post to
//	/{tenant}/oauth2/v2.0/token                       token endpoint
//	/{tenant}/oauth2/v2.0/logout                      end_session_endpoint
//	/oidc/userinfo                                    userinfo, part of Graph
//	/v1.0/…  /beta/…                                  Microsoft Graph
//	/error?code=                                      behind error_uri
//	/logo/{client id}                                 logos of registrations, which refuse an Authorization header
//
// # Pages
//
// Each page is plain HTML; <main data-step="…"> names it. One has a script:
// signed-out, when it loads frames and goes on then.
//
//	pick        #user-<id> one button per user; #username, #password, #sign-in; #cancel; #problem after a wrong password
//	approve     #approve, #cancel: a stronger sign-in, when an authentication context is asked for as essential
//	consent     #scopes, #consent, #cancel
//	post        #continue: response_mode=form_post
//	error       #error
//	signed-out  #signed-out; with front-channel logout an iframe for each client, and #continue where it goes to
//	sign-out    #user-<id>: which account to sign out of, with Sessions.AskSignOut
//
// SignIn, SignInWithPassword, Cancel and SignOut do what a person does there.
//
// # What is modelled
//
//	issuer                 {base}/{tid}/v2.0; {tenantid} in the documents of common and organizations
//	discovery              Entra's members only: PKCE methods and RFC 9207 are not announced
//	tenants                TenantID, Tenants, those of Users; by GUID or Config.Domains, documents name the GUID; common and
//	                       organizations for users of all of them; users of another tenant are AADSTS50020, a page
//	JWKS                   several keys, no alg member, kid = x5t, x5c, issuer; one key of use enc; with KeysPerTenant
//	                       each tenant publishes its own alone, common and organizations those of all
//	External ID            with Config.ExternalID: issuer https://{tid}.ciamlogin.com/{tid}/v2.0, documents and endpoints on
//	                       {base}; neither common nor organizations
//	national clouds        Config.V1Issuer alone: https://sts.chinacloudapi.cn/
//	B2C                    Config.B2C: issuer {base}/{tid}/v2.0/ for all policies; tfp, or acr in lower case; sub = object id;
//	                       auth_time always, at_hash beside an access token; no roles, groups, Graph, userinfo and consent;
//	                       an access token only for scopes of an API or for the client's own id as scope; codes and refresh
//	                       tokens belong to their policy; AADB2C90091 (cancelled), 90077 (silent), 90088, 90086, 90117
//	redirect URIs          exact; errors about client or redirect URI are a page, others a redirect
//	state                  over 1,800 characters: AADSTS90015, a page
//	response modes         query, form_post, fragment; session_state is sent, iss is not
//	prompt                 none (login_required, interaction_required, consent_required), login, select_account, consent
//	login_hint             fills in the user name; another user than the session's asks again
//	max_age                an older session asks again, 0 always; silently login_required
//	claims                 acrs of id_token and access_token, value or values: approval when essential, then the acrs claim
//	                       of that token; access_token.nbf: a sign-in before it asks again; access_token.xms_cc: the claim
//	                       xms_cc of access tokens; all of them at the token endpoint too, where what the sign-in lacks is
//	                       interaction_required with claims; all else is kept for LastAuthorize and LastToken
//	cancel                 access_denied, AADSTS65004
//	accounts               User.Disabled: AADSTS50057 on the page and for codes and refresh tokens, silently login_required
//	assignment             Client.AssignmentRequired: others than Assigned are access_denied (AADSTS50105), silently
//	                       interaction_required, with a code or refresh token invalid_grant
//	admin consent          Client.AdminOnly: access_denied (AADSTS90094), silently consent_required (AADSTS65001)
//	PKCE                   S256 and plain; required of public clients
//	consent                per user, client and scope; also for openid, profile, email, offline_access
//	code                   10 minutes, once (AADSTS54005), same client, redirect URI and authority (AADSTS700005);
//	                       about 940 characters long
//	scope                  Graph's without prefix, other APIs' with; offline_access is not echoed; all that was
//	                       consented for the resource is granted, also what an earlier sign-in asked for
//	resources              one per token (AADSTS28000); without scope the first resource of the authorization request
//	refresh token          90 days, for any resource that was consented; a new one each time, the old one stays good, unless
//	                       Sessions.RotateRefreshTokens ends it at once and RevokeReused all of its line; RevokeSessions
//	                       ends all of a user (AADSTS50173)
//	refreshed ID token     no nonce; sid, auth_time and sub of the sign-in; name, roles, groups and email of now (ChangeUser)
//	access token lifetime  Config.TokenLifetime; of users' Sessions.AccessTokenLifetime, and SetAccessTokenLifetime from then on
//	client credentials     {resource}/.default only; idtyp app, roles, sub = oid, no scp; the tenant of the address, which
//	                       common and organizations are not (AADSTS50194)
//	client authentication  one of: secret in the body; Basic; a client assertion
//	certificates           RS256 and PS256; x5t#S256, else x5t, of Client.Certificates (AADSTS5002727, 700027); iss = sub =
//	                       client id (700021); aud the token endpoint as asked or with the GUID, or the issuer (700023);
//	                       exp and nbf (700024); each jti once, which is stricter than Entra
//	federated credentials  tokens of another issuer (see FederatedIssuer): iss, sub and aud as Client.Federated has them
//	                       (AADSTS700211, 700213, 700212), signature (50013, 700027), time (700024); good more than once
//	ID token               RS256; iat and nbf five minutes back; pairwise sub; oid, name, preferred_username need
//	                       profile, email needs email; roles; up to 200 groups, else _claim_names and _claim_sources
//	optional claims        auth_time, login_hint, sid, xms_edov, idtyp per registration; no amr
//	access tokens          Graph's: v1 claims, a nonce in the header, not verifiable with the JWKS; APIs': v2 (azp) or v1 (appid)
//	sid                    of a sign-in in a browser: silent ones share it, one that asked the user again has a new one
//	logout                 ends the session, not the refresh tokens; returns only to registered addresses, with state
//	logout hints           logout_hint (the claim login_hint) names the account; id_token_hint narrows the client and is
//	                       kept for LastLogout, but no account and no bad signature matters to Entra
//	front-channel logout   Client.FrontChannelLogoutURI of every client that the session signed in to, in a frame with sid and
//	                       without iss (Client.FrontChannelIss: with it), also the sids of earlier sign-ins of the same user
//	                       in this browser; the page goes on when all frames are loaded or refused, or after Sessions.LogoutWait
//	Graph                  /me, /me/manager, /organization, /me/photo (404); $select; permissions; error objects
//	groups                 /me and /users/{object id or user principal name}: memberOf, transitiveMemberOf (pages of $top,
//	                       $count), checkMemberGroups (20 ids, GUIDs alone), getMemberObjects and getMemberGroups (up to
//	                       MaxMemberObjects, then Directory_ResultSizeLimitExceeded); GroupMember.Read.All is enough for
//	                       all of them, User.Read for checkMemberGroups and memberOf of /me, User.Read.All for the lists
//	                       of /users, getMemberGroups left out; users of the token's tenant, others are 404
//	registrations          /servicePrincipals and /applications: (appId='…'), $filter=appId eq '…', or all; $select;
//	                       Application.Read.All or Directory.Read.All; names, scopes, roles, info with the logo's address
//	directoryObjects       getByIds: groups that a user of the tenant is in, and users; up to 1,000 ids, types, $select;
//	                       GroupMember.Read.All for groups, User.ReadBasic.All for users; whoever may read only the other
//	                       kind gets null for all but the id; names of groups from Config.GroupNames
//	claims challenge       Faults.GraphChallenge: 401 and WWW-Authenticate with error="insufficient_claims", for requests
//	                       or for items, to tokens with xms_cc cp1 (see CapableToken); acrs is satisfied by a token whose
//	                       acrs has one of its values, nbf by one issued then or later, anything else by none
//	$batch                 20 at most, answers in another order, per item status, headers and body, scalar bodies, dependsOn
//
// # Another provider
//
// With Config.Plain it is a provider that is not Microsoft's, at the same addresses.
// What differs from the list above:
//
//	discovery              PKCE methods, grant types, front-channel and back-channel logout with session are announced
//	ID token               sub, iss, aud, exp, iat (not backdated), auth_time and sid always; email_verified beside email; all
//	                       groups; neither tid nor oid nor ver
//	errors                 error and error_description alone, without numbers
//	front-channel logout   iss always beside sid
//	back-channel logout    a logout token with sub and sid, good for two minutes, to Client.BackChannelLogoutURI of every client
//	                       of the session, before the browser gets its answer; what they say changes nothing, see LogoutCalls;
//	                       LogOutUser: with sub alone
//	logout                 an id_token_hint must be a token of ours for client_id, expired or not, else 400; it names the
//	                       account as logout_hint does; nobody returns without client_id or id_token_hint
//
// Access tokens, Graph, consent and client authentication are as at Entra.
//
// # Sessions under load
//
// Refreshes and RefreshCalls count requests with a refresh token, by session and by
// user. HoldTokens keeps token requests waiting until the test has seen as many as
// it wants. Lifetimes are short by Sessions.AccessTokenLifetime and long again by
// SetAccessTokenLifetime, so that what was refreshed once is not due at once again.
// The last 200,000 refresh tokens are kept.
//
// # What is not
//
//	response types         id_token and token (implicit and hybrid flows), device code, on-behalf-of, ROPC
//	accounts               several at once in one browser; personal accounts; guests of other tenants
//	conditional access     beyond acrs and nbf; assignment by group; administrators that consent on a page
//	applications           that only some tenants know: every client is in every tenant, with the same permissions
//	lifetimes              Entra varies the access token's between 60 and 90 minutes
//	logout                 of one of several accounts; front-channel of B2C, whose tokens have no sid
//	B2C                    its sign-up and password-reset pages (AADB2C90118), client credentials, other codes than named above
//	other products         national clouds beyond the v1 issuer, the v1 endpoints
//	Graph                  everything else; other $filter, $expand, $search, $orderby; ConsistencyLevel is not needed for
//	                       $count; gzip; memberships are as flat as User.Groups, and all groups are security groups
//	permissions            that Entra asks for in pairs (User.Read.All with GroupMember.Read.All); an application's right to
//	                       read its own registration without any
//	throttling             only as a fault: EndpointFault for requests, ItemFault for Graph URLs, with Retry-After
//
// # Misbehaving
//
// SetFaults makes tokens, endpoints, single Graph URLs, links to next pages and
// callbacks wrong in the ways that Faults lists, refreshes and logout tokens too
// (RefreshFault, Refusals, LogoutTokenFaults). Everything else stays right, so
// that a test sees the one check that it is about. TokenFaults and
// AdversarialTokenFaults list what every relying party must refuse, TokenVariants
// what is odd but right; DiscoveryEdit, JWKSEdit, TokenEdit, EditHeader, EditClaims
// and EditAccess change any member, and EndpointFault.Body and Location the whole answer.
package entra
