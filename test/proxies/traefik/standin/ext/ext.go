// Package ext stands in for the one package of Traefik that its module names, but does not contain: a module of its
// own in a subfolder, which Traefik's go.mod replaces by that folder. It has what Traefik's open source leaves empty.
package ext

// HTTP is embedded in Traefik's dynamic configuration.
type HTTP struct{}

// Router is embedded in Traefik's routers.
type Router struct{}
