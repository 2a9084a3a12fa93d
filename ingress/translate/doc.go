// Package translate writes the protection that Ingress objects have from ingress-nginx for another proxy.
//
//	manifest.Ingresses → judge (one Ingress) → gather (hosts and routes) → a target → Result
//
// An Ingress is written whole or not at all. What would let somebody through whom ingress-nginx holds back is
// refused, and with it every other Ingress of the same host, whose broader path would take over its requests. All else
// that is not carried over is named in the report, with file and line. It knows nothing of files, flags and the cluster.
package translate
