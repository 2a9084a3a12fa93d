package main

import (
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/seal"
)

// showParts tells the metrics of the keys and the provider that are in use. A server
// that is built beside the one that runs gets Metrics of its own for it (Stage), so
// that nothing of it is shown before it is used.
func showParts(m *metrics.Metrics, ring *seal.Ring, provider *entra.RelyingParty) {
	m.Provider(provider.Ready)
	m.Keys(func() []metrics.Key { return keysOf(ring) })
}

func keysOf(ring *seal.Ring) []metrics.Key {
	ids := ring.IDs()
	keys := make([]metrics.Key, len(ids))
	for i, id := range ids {
		keys[i] = metrics.Key{ID: id.String(), State: metrics.KeyOpening}
	}
	keys[0].State = metrics.KeySealing // the first seals
	return keys
}
