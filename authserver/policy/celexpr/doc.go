// Package celexpr compiles the expressions of policies, which are written in CEL (the
// Common Expression Language), and evaluates them. It implements policy.Compiler with
// cel-go. It knows what a policy.Input holds, and nothing of rules, HTTP or files.
//
// # What an expression can read
//
//	identity.object, .tenant, .subject, .issuer        string
//	identity.name, .preferred_username, .email         string
//	identity.roles, .groups, .scopes                   list(string)
//	identity.claims                                    map(string, list(string)), asked for one claim at a time
//	request.method, .path, .source                     string
//	request.time                                       timestamp
//	bearer, app_only                                   bool
//	client                                             string
//
// Each is a variable of its own, so a name that is not here is a fault when the
// expression is compiled. The result must be a bool.
//
// # What is not known
//
// What is not known cannot be read: reading it is an error, and an error is never a pass. That is so for every
// text that is empty, an address that is not verified, roles and groups that are not complete, a path with
// several readings, a method that is none, a claim that was left out, and texts of more than 1 KB (a path: 8
// KB). A claim that the token does not have is an error too, as CEL has it for a key that a map does not have;
// has() and in ask for it.
//
// CEL's && and || do without what they need not know: true || error is true.
//
// # What is bounded
//
// An expression has at most 2,000 characters, 300 nodes and two loops in each other. What
// it could cost at the sizes that are usual (see sizes) is estimated when it is compiled;
// what it does cost is counted while it runs, and it ends with an error at maxCost, which is
// some milliseconds. There is no limit of time: the same question has the same answer
// on a busy machine.
//
// # What is left out
//
// Functions and macros are listed one by one in functions and macros: without dyn, type,
// map and bytes, without anything that reads a time zone (the condition `time` does,
// once, when policies are read), and without now: the time is the input's. A pattern of
// matches must be a literal. There are no extensions.
package celexpr
