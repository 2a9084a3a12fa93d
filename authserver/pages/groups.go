package pages

import (
	"cmp"
	"slices"
	"strings"
)

// groupList is groups for the template: those with a name first, by name.
type groupList struct {
	Groups  []Group
	Count   int // before cutting
	More    int // how many are not in Groups
	Fold    bool
	Unknown bool
}

func newGroupList(groups []Group, unknown bool) groupList {
	l := groupList{Count: len(groups), Fold: len(groups) > foldAbove, Unknown: unknown}
	sorted := slices.Clone(groups)
	slices.SortStableFunc(sorted, func(a, b Group) int {
		if a.Name == "" || b.Name == "" {
			return cmp.Compare(len(b.Name), len(a.Name))
		}
		return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	if len(sorted) > maxValues {
		l.More = len(sorted) - maxValues
		sorted = sorted[:maxValues]
	}
	for _, g := range sorted {
		l.Groups = append(l.Groups, Group{ID: Cap(g.ID, maxValue), Name: Cap(g.Name, maxGroup)})
	}
	return l
}
