package graph

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// Bounds of a list of groups.
const (
	maxPages  = 100
	maxGroups = 100_000
	pageQuery = "/transitiveMemberOf?$select=id&$top=999" // 999: Graph's limit
)

var (
	errContinues = fmt.Errorf("%w: it is not the whole list", errUnreadable)
	errLoop      = errors.New("the pages go in a circle")
	errTooMany   = fmt.Errorf("there are more than %d pages or %d groups", maxPages, maxGroups)
)

// MemberGroups lists the ids of all groups, directory roles and administrative
// units that the user is a member of, directly or through other groups, in lower
// case, each once and in Graph's order. user is as for CheckMemberGroups. It asks
// with getMemberObjects, and where the list is too long for that, page by page with
// transitiveMemberOf: at most 100 pages and 100,000 ids. A link to a next page is
// followed only below the configured URL and version, and only once. What Graph
// lists that is no GUID is left out.
//
// The list is whole, or there is an *Error; any other error means that user is
// wrong and that nothing was asked. No request is repeated, and all of them
// together take no longer than the configured timeout.
func (c *Client) MemberGroups(ctx context.Context, token secret.String, user string) ([]string, error) {
	const doing = "list member groups"
	who, err := principal(user)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	list := groupList{seen: map[string]bool{}}
	heard, err := c.memberObjects(ctx, token, who, &list)
	if errors.Is(err, errContinues) || exceeds(err) {
		list = groupList{seen: map[string]bool{}}
		heard, err = c.memberPages(ctx, token, who, &list)
	}
	if err != nil {
		return nil, c.problem(doing, heard, err, token)
	}
	if list.odd > 0 {
		c.log.WarnContext(ctx, "graph listed groups without a guid: they are ignored", "groups", list.odd)
	}
	return list.ids, nil
}

// groupList collects the ids of groups.
type groupList struct {
	ids  []string
	seen map[string]bool
	odd  int // what was no GUID
}

func (l *groupList) add(names []string) error {
	for _, name := range names {
		id, ok := guid(name)
		switch {
		case !ok:
			l.odd++
			continue
		case l.seen[id]:
			continue
		case len(l.ids) == maxGroups:
			return errTooMany
		}
		l.seen[id] = true
		l.ids = append(l.ids, id)
	}
	return nil
}

// exceeds reports whether Graph has more to tell than fits into one answer.
func exceeds(err error) bool {
	odata, ok := errors.AsType[*odataerrors.ODataError](err)
	if !ok {
		return false
	}
	code, _ := describe(odata)
	return code == "Directory_ResultSizeLimitExceeded"
}

func (c *Client) memberObjects(ctx context.Context, token secret.String, who string, list *groupList) (heard, error) {
	call, err := c.newCall(token, who+"/getMemberObjects", []byte(`{"securityEnabledOnly":false}`))
	if err != nil {
		return heard{}, err
	}
	names, err := ask(ctx, c, c.counted.groups, call, readNames)
	if err != nil {
		return call.heard, err
	}
	return call.heard, list.add(names)
}

func (c *Client) memberPages(ctx context.Context, token secret.String, who string, list *groupList) (heard, error) {
	base, err := url.Parse(c.adapter.GetBaseUrl())
	if err != nil {
		return heard{}, fmt.Errorf("parse the graph url: %w", err)
	}
	call, err := c.newCall(token, who+pageQuery, nil)
	if err != nil {
		return heard{}, err
	}
	fetched := map[string]bool{}
	for range maxPages {
		fetched[call.url.String()] = true
		link, err := c.memberPage(ctx, call, list)
		if err != nil || link == "" {
			return call.heard, err
		}
		next, err := nextLink(base, link)
		if err != nil {
			return call.heard, err
		}
		if fetched[next.String()] {
			return call.heard, errLoop
		}
		call.url = next
	}
	return call.heard, errTooMany
}

// memberPage fetches one page and returns the link to the next one, "" if it was
// the last.
func (c *Client) memberPage(ctx context.Context, call *call, list *groupList) (link string, err error) {
	call.heard = heard{}
	page, err := ask(ctx, c, c.counted.groups, call, readPage)
	if err != nil {
		return "", err
	}
	return page.next, list.add(page.names)
}

// listPage is one of several of a list; next is empty in the last.
type listPage struct {
	names []string
	next  string
}

// readPage reads {"value":[{"id":"…"},…],"@odata.nextLink":"…"}.
func readPage(answer []byte) (p listPage, err error) {
	object, err := read[members](answer)
	if err != nil {
		return p, err
	}
	list, err := read[[]members](object["value"])
	if err != nil {
		return p, err
	}
	for _, one := range list {
		id, err := read[string](one["id"])
		if err != nil {
			return p, err
		}
		p.names = append(p.names, id)
	}
	if absent(object["@odata.nextLink"]) {
		return p, nil
	}
	p.next, err = read[string](object["@odata.nextLink"])
	if err == nil && p.next == "" {
		err = errBadLink
	}
	return p, err
}
