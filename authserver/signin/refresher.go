package signin

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/entra"
	"github.com/easyauth-sidecar/easyauth/authserver/session"
)

// RefresherConfig of a Refresher. All fields but Now are required.
type RefresherConfig struct {
	Provider *entra.RelyingParty
	Graph    Graph
	Groups   Groups
	Log      *slog.Logger
	Now      func() time.Time // nil means time.Now
}

// Refresher implements session.Refresher: it does again what a sign-in did with
// the tokens, without the person.
type Refresher struct {
	provider *entra.RelyingParty
	asker    *groupAsker
	now      func() time.Time
}

// NewRefresher returns a Refresher.
func NewRefresher(cfg RefresherConfig) (*Refresher, error) {
	if cfg.Provider == nil || cfg.Graph == nil || cfg.Log == nil {
		return nil, errors.New("make a refresher: provider, graph and log are required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	asker := &groupAsker{Groups: cfg.Groups, provider: cfg.Provider, graph: cfg.Graph, log: cfg.Log}
	return &Refresher{provider: cfg.Provider, asker: asker, now: cfg.Now}, nil
}

// Refresh implements session.Refresher. Roles, groups and all other claims are
// those of the new ID token. Scopes and graph results stay: they were granted and
// asked for at sign-ins, and the refresh speaks of one API only. Groups that could not
// be asked for stay as they were.
func (r *Refresher) Refresh(ctx context.Context, s *session.Session) (*access.Identity, *session.Tokens, error) {
	old := s.Tokens
	tokens, id, err := r.provider.Refresh(ctx, old.Refresh, old.Scopes, s.Identity)
	if err != nil {
		if tokens == nil {
			return nil, nil, err
		}
		next := *old
		next.Refresh, next.Scopes = tokens.Refresh, tokens.RefreshScopes
		return nil, &next, err
	}
	next := kept(tokens, r.now())
	if next.ID.Empty() {
		next.ID = old.ID
	}
	if id == nil {
		same := s.Identity
		return &same, next, nil
	}
	id.Scopes, id.Graph = s.Identity.Scopes, s.Identity.Graph
	if claims := r.asker.completeGroups(ctx, "", id, tokens, nil, s.Identity.GroupsChecked); claims != "" || id.GroupsFailed {
		before := s.Identity
		id.Groups, id.GroupsUnknown, id.GroupsChecked, id.GroupsFailed = before.Groups, before.GroupsUnknown, before.GroupsChecked, before.GroupsFailed
	}
	next.Refresh = tokens.Refresh // asking for groups may have replaced it
	return id, next, nil
}

// kept is what a session in a store keeps of a provider's tokens.
func kept(t *entra.Tokens, now time.Time) *session.Tokens {
	if t == nil {
		return nil
	}
	return &session.Tokens{
		Access: t.AccessToken, ID: t.IDToken, Refresh: t.Refresh, Scopes: t.RefreshScopes,
		Obtained: now.UTC().Truncate(time.Millisecond), Expires: t.Expires.UTC().Truncate(time.Millisecond),
	}
}
