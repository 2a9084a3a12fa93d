// Package proxies tries EasyAuth with proxies that come as Go modules: a current Caddy, and Traefik with its ForwardAuth
// and with its provider for ingress-nginx's annotations. Package matrix has the tries; what is tried is what the pages
// of docs/proxies tell a reader to copy.
//
// The proxies are the real programs. Each is built from a module of its own (caddy, traefik), because their requirements
// do not agree with each other's or the server's; the folder standin in traefik has what takes the place of parts that no
// test uses. A program is built once and kept in the user's cache folder, beside Helm and axe-core: the first run takes
// some minutes and gigabytes, `make test-proxies` says so.
//
// Kubernetes is a server that knows the objects of a page and answers lists of them; see cluster.
package proxies
