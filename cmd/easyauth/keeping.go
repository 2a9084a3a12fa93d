package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/config"
	"github.com/easyauth-sidecar/easyauth/authserver/metrics"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// keeping is where sessions are kept beside cookies.
type keeping struct {
	store   session.Store    // nil: in cookies alone
	revoked *session.Revoked // nil: tickets end by themselves alone
	ping    func(context.Context) error
	close   func()
}

func wireKeeping(ctx context.Context, cfg *config.Config, m *metrics.Metrics, log *slog.Logger) (*keeping, error) {
	k := &keeping{ping: func(context.Context) error { return nil }, close: func() {}}
	store, err := openStore(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	if store != nil {
		k.store, k.ping, k.close = store, store.Ping, store.Close
		return k, nil
	}
	list, err := openLog(ctx, cfg, log)
	if err != nil || list == nil {
		return k, err
	}
	k.ping, k.close = list.Ping, list.Close
	if k.revoked, err = session.NewRevoked(session.RevokedConfig{Log: list, Metrics: m, Logger: log}); err != nil {
		k.close()
		return nil, err
	}
	return k, nil
}

const pingTimeout = 500 * time.Millisecond

// degraded says that the store does not answer; "" while it does.
func (k *keeping) degraded() string {
	ctx, cancel := context.WithTimeout(context.Background(), pingTimeout)
	defer cancel()
	if err := k.ping(ctx); err != nil {
		return "store of sessions: it does not answer; sessions cannot be checked"
	}
	return ""
}
