package main

import (
	"context"

	"github.com/easyauth-sidecar/easyauth/test/entra"
)

// callerID is the application that asks for access tokens to ours.
const callerID = "22222222-2222-4333-8444-555555555555"

// startEntra starts the emulated Entra ID on a free port.
func startEntra(ctx context.Context) (idp *entra.Server, stop func(), err error) {
	idp = entra.New(entra.Config{Clients: []entra.Client{
		{ID: clientID, Secret: clientSecret, Name: "Sample application", API: entra.API{Scopes: []string{"Orders.Read"}}},
		{ID: callerID, Secret: "the-caller's", Name: "Nightly import"},
	}})
	stop, err = idp.Start(context.WithoutCancel(ctx), "")
	return idp, stop, err
}

// mintTokens writes n different access tokens for our API, a line each.
func mintTokens(idp *entra.Server, path string, n int) (*rotation, error) {
	return writeRotation(path, n, func(int) (string, error) {
		return idp.UserToken(entra.Adele, callerID, ownScope)
	})
}
