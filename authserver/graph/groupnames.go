package graph

import (
	"context"
	"fmt"

	"github.com/easyauth-sidecar/easyauth/authserver/secret"
)

// maxGroupName bounds the name of a group, in bytes; Graph's are at most 256
// characters.
const maxGroupName = 256

// GroupNames returns the display names of groups by their ids: of the ids (GUIDs,
// in any case, at most 400 different ones) those that Graph knows as groups and
// that have a name, in lower case, and nothing that was not asked for. A name is of
// at most 256 bytes, cut between characters, and without control characters; it is
// for people to read, not unique, and may be anything that the owner of a group
// likes. An *Error means that Graph did not answer; any other error that the ids
// are wrong and that nothing was asked. No id, no question.
//
// The token needs the permission GroupMember.Read.All, delegated or of the
// application. It makes one request (Graph takes 1,000 ids), repeats none, and takes
// no longer than the configured timeout.
func (c *Client) GroupNames(ctx context.Context, token secret.String, ids []string) (map[string]string, error) {
	const doing = "get names of groups"
	asked, err := groupIDs(ids)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	if len(asked) == 0 {
		return nil, nil //nolint:nilnil // no names; a nil map reads like an empty one
	}
	body, err := encode(map[string][]string{"ids": asked, "types": {"group"}})
	if err != nil {
		return nil, c.problem(doing, heard{}, err, token)
	}
	call, err := c.newCall(token, "/directoryObjects/getByIds?$select=id,displayName", []byte(body))
	if err != nil {
		return nil, c.problem(doing, heard{}, err, token)
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	named, err := ask(ctx, c, c.counted.names, call, readGroupNames)
	if err != nil {
		return nil, c.problem(doing, call.heard, err, token)
	}
	out := map[string]string{}
	for _, id := range asked {
		if name := displayName(named[id], maxGroupName); name != "" {
			out[id] = name
		}
		delete(named, id)
	}
	if len(named) > 0 {
		c.log.WarnContext(ctx, "graph named groups that nobody asked for: they are ignored", "groups", len(named), "asked", len(asked))
	}
	return out, nil
}

// readGroupNames reads {"value":[{"id":"…","displayName":"…"},…]}. A group that is
// there twice under two names has none.
func readGroupNames(answer []byte) (map[string]string, error) {
	object, err := read[members](answer)
	if err != nil {
		return nil, err
	}
	if !absent(object["@odata.nextLink"]) {
		return nil, errContinues
	}
	list, err := read[[]members](object["value"])
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, one := range list {
		text, err := read[string](one["id"])
		if err != nil {
			return nil, err
		}
		name := ""
		if !absent(one["displayName"]) {
			if name, err = read[string](one["displayName"]); err != nil {
				return nil, err
			}
		}
		id, _ := guid(text)
		if before, twice := names[id]; twice && before != name {
			name = ""
		}
		names[id] = name
	}
	return names, nil
}
