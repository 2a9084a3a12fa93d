package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
	"github.com/easyauth-sidecar/easyauth/authserver/session/pgstore"
	"github.com/easyauth-sidecar/easyauth/authserver/session/redisstore"
)

// openStore returns the store of sessions, nil if they are in cookies. It is no
// error if the store cannot be reached yet.
func openStore(ctx context.Context, cfg *config.Config, log *slog.Logger) (session.Store, error) {
	switch cfg.Store {
	case config.StoreRedis:
		s, err := redisstore.New(ctx, redisConfig(cfg, log))
		if err != nil {
			return nil, fmt.Errorf("EASYAUTH_REDIS_URL: %w", err)
		}
		return s, nil
	case config.StorePostgres:
		s, err := pgstore.New(ctx, pgstore.Config{URL: cfg.PostgresURL, Realm: realm(cfg), Log: log})
		if err != nil {
			return nil, fmt.Errorf("EASYAUTH_POSTGRES_URL: %w", err)
		}
		return s, nil
	}
	return nil, nil
}

// openLog returns the list of revoked tickets, nil if there is none. It is no
// error if it cannot be reached yet.
func openLog(ctx context.Context, cfg *config.Config, log *slog.Logger) (session.RevocationLog, error) {
	if cfg.Revocation != config.RevocationRedis {
		return nil, nil
	}
	l, err := redisstore.NewLog(ctx, redisConfig(cfg, log))
	if err != nil {
		return nil, fmt.Errorf("EASYAUTH_REDIS_URL: %w", err)
	}
	return l, nil
}

func redisConfig(cfg *config.Config, log *slog.Logger) redisstore.Config {
	return redisstore.Config{URL: cfg.RedisURL, CAFile: cfg.RedisCAFile, Realm: realm(cfg), Log: log}
}

// realm keeps deployments that share a store apart: those that share a key ring's domain
// are one. A worker alone serves all realms.
func realm(cfg *config.Config) string {
	if cfg.ClientID == "" {
		return ""
	}
	h := sha256.New()
	for _, part := range []string{"easyauth realm", cfg.BasePath, cfg.Issuer, cfg.ClientID} {
		_, _ = fmt.Fprintf(h, "%d:%s", len(part), part) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
