package signin

import (
	"context"
	"log/slog"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cache"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// Bounds of GroupNames.
const (
	namesTimeout   = 2 * time.Second
	namesKept      = time.Hour
	namesPause     = 10 * time.Minute // after a failure
	namesBytes     = 4 << 20
	maxGroupsNamed = 200
)

// AppTokens gives tokens of the client itself for Microsoft Graph.
type AppTokens interface {
	GraphAppToken(ctx context.Context, tenant string) (secret.String, error)
}

// GroupDirectory knows how groups are called.
type GroupDirectory interface {
	GroupNames(ctx context.Context, token secret.String, ids []string) (map[string]string, error)
}

// GroupNames looks up how groups are called, with the client's own permissions
// (GroupMember.Read.All). Names are kept for an hour. Where Graph does not allow it
// nobody asks again for ten minutes.
type GroupNames struct {
	tokens AppTokens
	graph  GroupDirectory
	log    *slog.Logger
	now    func() time.Time
	names  *cache.Cache[string]
	pauses *cache.Cache[bool] // by tenant
}

// NewGroupNames returns a GroupNames. A nil now is time.Now.
func NewGroupNames(tokens AppTokens, graph GroupDirectory, log *slog.Logger, now func() time.Time) *GroupNames {
	if now == nil {
		now = time.Now
	}
	return &GroupNames{tokens: tokens, graph: graph, log: log, now: now, names: cache.New[string](namesBytes, now), pauses: cache.New[bool](namesBytes/16, now)}
}

// Bytes is how much memory is taken.
func (g *GroupNames) Bytes() int64 { return g.names.Bytes() + g.pauses.Bytes() }

// Limit is how much is taken at most.
func (g *GroupNames) Limit() int64 { return g.names.Limit() + g.pauses.Limit() }

// Len is the number of names, and of tenants that are not asked for a while.
func (g *GroupNames) Len() int { return g.names.Len() + g.pauses.Len() }

// Of returns the names of groups of a tenant, of as many as are known. It waits for two
// seconds at most. A nil GroupNames knows none.
func (g *GroupNames) Of(ctx context.Context, tenant string, groups []string) map[string]string {
	known := map[string]string{}
	if g == nil {
		return known
	}
	var ask []string
	for _, id := range groups {
		name, ok := g.names.Get(g.key(tenant, id))
		switch {
		case ok:
			known[id] = name
		case access.IsGUID(id) && len(ask) < maxGroupsNamed:
			ask = append(ask, id)
		}
	}
	pause := cache.Key([]byte(tenant))
	if _, paused := g.pauses.Get(pause); paused || len(ask) == 0 {
		return known
	}
	ctx, cancel := context.WithTimeout(ctx, namesTimeout)
	defer cancel()
	found, err := g.ask(ctx, tenant, ask)
	if err != nil {
		g.pauses.Put(pause, true, 1, g.now().Add(namesPause))
		g.log.Info("names of groups cannot be looked up; they need the application permission GroupMember.Read.All of Microsoft Graph", "error", err.Error())
		return known
	}
	for _, id := range ask {
		name := found[id] // "" also: a group that has none is not asked for at every view
		g.names.Put(g.key(tenant, id), name, len(name), g.now().Add(namesKept))
		known[id] = name
	}
	return known
}

func (g *GroupNames) ask(ctx context.Context, tenant string, ids []string) (map[string]string, error) {
	token, err := g.tokens.GraphAppToken(ctx, tenant)
	if err != nil {
		return nil, err
	}
	return g.graph.GroupNames(ctx, token, ids)
}

func (g *GroupNames) key(tenant, id string) [32]byte { return cache.Key([]byte(tenant), []byte(id)) }
