// Package annotations reads Ingress objects as they are written for ingress-nginx, and says what
// protects them (Protection), what of it will not work and what is dangerous (Check).
//
// It reads files and nothing else: it asks no cluster, resolves no name, and knows only what stands
// in the text that it was given. The server never imports it.
package annotations
