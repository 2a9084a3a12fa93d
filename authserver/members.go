package authserver

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/easyauth-sidecar/easyauth/authserver/access"
	"github.com/easyauth-sidecar/easyauth/authserver/cache"
	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// AppTokens gives tokens of the client itself for Microsoft Graph.
type AppTokens interface {
	GraphAppToken(ctx context.Context, tenant string) (secret.String, error)
}

// MemberChecker asks Microsoft Graph in which of these groups a user is.
type MemberChecker interface {
	CheckMemberGroups(ctx context.Context, token secret.String, user string, ids []string) ([]string, error)
}

// Bounds of AppMembers.
const (
	membersCacheBytes = 4 << 20
	membershipBytes   = 200 // and those of its groups
	groupBytes        = 120
	maxMemberGroups   = 400 // known for one token
	membersRetryAfter = 30 * time.Second
)

// AppMembers implements Members with the client's own permissions. A group is
// asked for once per token; after a failure nothing is asked for that token for
// 30 seconds.
type AppMembers struct {
	tokens AppTokens
	graph  MemberChecker
	now    func() time.Time

	mu    sync.Mutex // of what is put into known: one membership for each token
	known *cache.Cache[*membership]
}

// membership is what is known of one token.
type membership struct {
	turn   chan struct{} // holds one while nobody asks
	mu     sync.Mutex
	member map[string]bool // by group
	failed time.Time       // guarded by turn
}

// NewAppMembers returns an AppMembers. A nil now is time.Now.
func NewAppMembers(tokens AppTokens, graph MemberChecker, now func() time.Time) *AppMembers {
	if now == nil {
		now = time.Now
	}
	return &AppMembers{tokens: tokens, graph: graph, now: now, known: cache.New[*membership](membersCacheBytes, now)}
}

// Bytes is how much memory is taken.
func (a *AppMembers) Bytes() int64 { return a.known.Bytes() }

// Limit is how much is taken at most.
func (a *AppMembers) Limit() int64 { return a.known.Limit() }

// Len is the number of tokens.
func (a *AppMembers) Len() int { return a.known.Len() }

var errMembersPause = errors.New("groups of a bearer token: asked less than 30 seconds ago, in vain")

// Members implements Members. Errors hold no token and no answer. Names that are
// no object ids are passed over: Graph cannot be asked for them.
func (a *AppMembers) Members(ctx context.Context, token [32]byte, expires time.Time, id *access.Identity, groups []string) ([]string, error) {
	groups = slices.DeleteFunc(slices.Clone(groups), func(g string) bool { return !access.IsGUID(g) })
	m := a.of(token, expires)
	if of, ok := m.among(groups); ok {
		return of, nil
	}
	select { // one question at a time
	case <-m.turn:
		defer func() { m.turn <- struct{}{} }()
	case <-ctx.Done():
		return nil, fmt.Errorf("groups of a bearer token: %w", ctx.Err())
	}
	if of, ok := m.among(groups); ok {
		return of, nil
	}
	if a.now().Sub(m.failed) < membersRetryAfter {
		return nil, errMembersPause
	}
	of, err := a.ask(ctx, id, groups)
	if err != nil {
		if !errors.Is(ctx.Err(), context.Canceled) { // whoever hung up says nothing of Graph
			m.failed = a.now()
		}
		return nil, fmt.Errorf("groups of a bearer token: %w", err)
	}
	a.known.Put(token, m, m.learn(groups, of), expires)
	return among(groups, of), nil
}

// of returns what is known of a token, the same for all who ask at once.
func (a *AppMembers) of(token [32]byte, expires time.Time) *membership {
	a.mu.Lock()
	defer a.mu.Unlock()
	m, ok := a.known.Get(token)
	if !ok {
		m = &membership{turn: make(chan struct{}, 1), member: map[string]bool{}}
		m.turn <- struct{}{}
		a.known.Put(token, m, membershipBytes, expires)
	}
	return m
}

func (a *AppMembers) ask(ctx context.Context, id *access.Identity, groups []string) ([]string, error) {
	token, err := a.tokens.GraphAppToken(ctx, id.Tenant)
	if err != nil {
		return nil, err
	}
	return a.graph.CheckMemberGroups(ctx, token, id.Object, groups)
}

// among returns those of the groups that the token's bearer is in; false if not
// all are known.
func (m *membership) among(groups []string) (of []string, known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, g := range groups {
		switch in, ok := m.member[g]; {
		case !ok:
			return nil, false
		case in:
			of = append(of, g)
		}
	}
	return of, true
}

// among is those of the groups that were answered: never one that nobody asked for.
func among(groups, of []string) []string {
	return slices.DeleteFunc(slices.Clone(groups), func(g string) bool { return !slices.Contains(of, g) })
}

// learn returns the bytes that m takes now. The names are copies: those of the
// rule are pieces of a query, which they would hold in memory.
func (m *membership) learn(groups, of []string) (size int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.member)+len(groups) > maxMemberGroups {
		clear(m.member)
	}
	for _, g := range groups {
		m.member[strings.Clone(g)] = false
	}
	for _, g := range of {
		if _, asked := m.member[g]; asked {
			m.member[g] = true
		}
	}
	return membershipBytes + len(m.member)*groupBytes
}
