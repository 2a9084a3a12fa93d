// Package policy reads named policies, compiles them and decides by them. It knows
// identities (access.Identity) and requests as a proxy describes them, and nothing of
// HTTP handlers, sessions, tokens or of CEL, which stands behind Compiler.
//
//	policies:
//	  admin-area:
//	    deny:
//	      - name: outside
//	        none: [ {source: {in: [10.0.0.0/8]}} ]
//	    allow:
//	      - name: admins
//	        all: [ {role: {is: Admin}}, {acr: {is: c1}} ]
//
// # Who decides
//
// The first of these that applies:
//
//  1. Nobody is signed in: SignIn, before any rule. No policy lets an anonymous
//     request pass, and none can be written that does.
//  2. A condition of the policy is about the path, and the path has several readings
//     (cleanPath): Forbid, ReasonPath.
//  3. A deny rule is yes: Forbid, ReasonDenied.
//  4. A deny rule is unknown, and no sign-in and no later try can tell: Forbid,
//     ReasonDenied, or ReasonError for an expression that failed.
//  5. No deny rule is unknown and an allow rule is yes: Allow.
//  6. All that stands in the way could turn out well, some of it because groups could
//     not be asked for at sign-in: Unsure, access.ReasonGroupsUnknown.
//  7. All that stands in the way can be brought by a new sign-in: StepUp, ReasonStepUp,
//     with what that sign-in has to ask for. Of several allow rules that could be met,
//     the first that is yes already, else the first.
//  8. Forbid: ReasonError when the expression of an allow rule failed, else ReasonUnmatched.
//
// The order of rules decides only whose name a verdict bears and what a step-up asks for.
// What is certain counts before what is not: a deny rule that is yes is not made unsure
// by another that could not be told.
//
// # Three values
//
// A condition is yes, no or unknown; unknown when what it asks about is not known here
// (Why lists the cases), which is something else than no. A claim that the token does not
// have is no; one that was dropped for its size, or because it was there twice, is unknown,
// and so are roles, groups and claims that a token for another application does not have.
// A claim that no identity can have is a fault: a deny rule about it would never match.
//
//	all     no if one is no, else unknown if one is unknown, else yes
//	any     yes if one is yes, else unknown if one is unknown, else no
//	none    the opposite of any: yes if all are no, no if one is yes, else unknown
//
// A rule with several of all, any and none holds when all of them do. A deny rule that
// is unknown never lets pass; an allow rule that is unknown does not match.
//
// A new sign-in can bring an authentication context or method, a recent time of sign-in,
// scopes, and whether somebody is in groups that nobody has asked for. Each of these by
// itself is taken to turn out well where 6 and 7 look for a way. That somebody *has* a
// context is never taken to go away: a deny rule that is yes stays so.
//
// # What is not done
//
// There are no regular expressions. Nothing is cached but the clean path of an Input.
// A policy is not asked about hosts: the original URL's can be made to lie.
package policy
