package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/config"
)

// userKey reads USER: what a person is known by in sessions. issuers is asked
// only where the identity provider's own name is a part of it.
func userKey(cfg *config.Config, user string, issuers func() ([]string, error)) (access.Key, error) {
	tenant, object := ids(user)
	switch {
	case cfg.Kind == config.KindOIDC:
		return access.Key{Authority: cfg.Issuer, ID: user}, nil
	case tenant != "":
		return access.Key{Authority: tenant, ID: object}, nil
	case cfg.Kind == config.KindB2C: // its tokens need not name their tenant
		list, err := issuers()
		if err != nil {
			return access.Key{}, err
		}
		return access.Key{Authority: list[0], ID: user}, nil
	case !access.IsGUID(cfg.TenantID):
		return access.Key{}, errors.New("--user: must be TENANT/OBJECT, the ids (GUIDs) of a tenant and of a person in it: EASYAUTH_TENANT_ID is no tenant's id")
	case object == "":
		return access.Key{}, errors.New("--user: must be the object id (a GUID) of a person, or TENANT/OBJECT")
	}
	return access.Key{Authority: cfg.TenantID, ID: object}, nil
}

// ids reads TENANT/OBJECT, or OBJECT alone; both are empty when it is neither.
func ids(user string) (tenant, object string) {
	first, second, two := strings.Cut(strings.ToLower(user), "/")
	switch {
	case two && access.IsGUID(first) && access.IsGUID(second):
		return first, second
	case !two && access.IsGUID(first):
		return "", first
	}
	return "", ""
}

// issuersOf returns the names under which ID tokens are issued. Where a domain
// stands for the tenant the identity provider is asked for them.
func issuersOf(ctx context.Context, cfg *config.Config, log *slog.Logger) ([]string, error) {
	g, err := wireGround(cfg, log)
	if err != nil {
		return nil, err
	}
	provider, err := wireProvider(cfg, g, nil, log)
	if err != nil {
		return nil, err
	}
	if list := provider.Issuers(); len(list) > 0 {
		return list, nil
	}
	ctx, cancel := context.WithTimeout(ctx, remoteTimeout)
	defer cancel()
	go provider.Run(ctx)
	for {
		if list := provider.Issuers(); len(list) > 0 {
			return list, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.New("the identity provider does not answer, and EASYAUTH_TENANT_ID is a domain: only it knows the tenant's id, which is needed here")
		case <-time.After(remoteTimeout / 200):
		}
	}
}
