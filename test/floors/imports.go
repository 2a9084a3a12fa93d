package floors

import (
	"fmt"
	"slices"
	"strings"
)

// everyPackageHasAPlace wants a row in the house for each package of the server, and everything else in
// one of the folders that hold no server code.
func everyPackageHasAPlace(t tree, rooms []room) []string {
	var complaints []string
	for _, p := range t.own {
		top, _, _ := strings.Cut(p.path, "/")
		switch {
		case production(p.path):
			if find(rooms, p.path) == nil {
				complaints = append(complaints, fmt.Sprintf("%s has no floor: give it a row in test/floors/table.go", p.path))
			}
		case top != "test" && top != "examples" && top != "charts":
			complaints = append(complaints, fmt.Sprintf("%s is outside authserver, ingress, client, cmd, test, examples and charts", p.path))
		}
	}
	return complaints
}

// importsPointDown wants every import of ours to be within the importer's reach.
func importsPointDown(t tree, rooms []room) []string {
	var complaints []string
	for _, p := range t.own {
		from := find(rooms, p.path)
		if from == nil {
			continue
		}
		for _, imported := range p.imports {
			path := below(imported, t.module)
			to := find(rooms, path)
			switch {
			case path == "":
			case to == nil:
				complaints = append(complaints, fmt.Sprintf("%s imports %s, which is no part of the server", p.path, path))
			case len(to.importers) > 0 && !slices.Contains(to.importers, p.path):
				complaints = append(complaints, fmt.Sprintf("%s imports %s, which is for %s alone", p.path, path, strings.Join(to.importers, ", ")))
			case to.floor > from.reach && !slices.Contains(from.also, path):
				complaints = append(complaints, fmt.Sprintf("%s (floor %d, reaches %d) imports %s (floor %d)", p.path, from.floor, from.reach, path, to.floor))
			}
		}
	}
	return complaints
}

// bareRoomsStayBare wants the standard library alone where the house says so.
func bareRoomsStayBare(t tree, rooms []room) []string {
	var complaints []string
	for _, p := range t.own {
		if r := find(rooms, p.path); r == nil || !r.bare {
			continue
		}
		for _, imported := range p.imports {
			if !t.standard[imported] {
				complaints = append(complaints, fmt.Sprintf("%s imports %s; it may use the standard library only", p.path, imported))
			}
		}
	}
	return complaints
}

// guestsStayInTheirRooms wants certain libraries to be imported in certain rooms only, by tests too.
func guestsStayInTheirRooms(t tree, list []guest) []string {
	var complaints []string
	for _, p := range t.own {
		for _, imported := range slices.Concat(p.imports, p.testImports) {
			for _, g := range list {
				if strings.HasPrefix(imported, g.prefix) && !slices.Contains(g.rooms, p.path) {
					complaints = append(complaints, fmt.Sprintf("%s imports %s, which is for %s alone", p.path, imported, strings.Join(g.rooms, ", ")))
				}
			}
		}
	}
	return complaints
}

// theGraphSDKStaysLight wants none of the SDK's heavy packages anywhere in the build.
func theGraphSDKStaysLight(t tree, allowed []string) []string {
	var complaints []string
	for _, path := range t.build {
		if below(path, graphSDK) != "" && !slices.Contains(allowed, path) {
			complaints = append(complaints, fmt.Sprintf("the build contains %s: use the SDK's core and models/odataerrors only", path))
		}
	}
	return complaints
}

// productionKnowsNoTests keeps testing helpers out of the program. Rooms for tests
// are not part of it.
func productionKnowsNoTests(t tree, rooms []room) []string {
	var complaints []string
	forTests := func(path string) bool {
		r := find(rooms, path)
		return r != nil && r.forTests
	}
	for _, p := range t.own {
		if !production(p.path) || forTests(p.path) {
			continue
		}
		for _, imported := range p.imports {
			own, _, _ := strings.Cut(below(imported, t.module), "/")
			if own == "test" || forTests(below(imported, t.module)) || imported == "testing" || strings.HasPrefix(imported, "testing/") || imported == "net/http/httptest" {
				complaints = append(complaints, fmt.Sprintf("%s imports %s outside of its tests", p.path, imported))
			}
		}
	}
	return complaints
}

// packagesHaveNames refuses names that say nothing of what is inside.
func packagesHaveNames(t tree) []string {
	empty := []string{"util", "utils", "common", "helper", "helpers", "misc", "shared"}
	var complaints []string
	for _, p := range t.own {
		for _, word := range append(strings.Split(p.path, "/"), strings.TrimSuffix(p.name, "_test")) {
			if slices.Contains(empty, word) {
				complaints = append(complaints, fmt.Sprintf("%s: %q says nothing of what is inside", p.path, word))
				break
			}
		}
	}
	return complaints
}

// theHouseStands checks the table itself: each room once, each reach below its own floor, each room that
// another one names a real one.
func theHouseStands(rooms []room) []string {
	var complaints []string
	seen := map[string]bool{}
	for _, r := range rooms {
		if seen[r.path] {
			complaints = append(complaints, r.path+" has two rows")
		}
		seen[r.path] = true
		if r.reach >= r.floor {
			complaints = append(complaints, r.path+" reaches its own floor")
		}
		for _, name := range slices.Concat(r.also, r.importers) {
			if find(rooms, name) == nil {
				complaints = append(complaints, fmt.Sprintf("%s names %s, which has no row", r.path, name))
			}
		}
	}
	return complaints
}

func find(rooms []room, path string) *room {
	i := slices.IndexFunc(rooms, func(r room) bool { return r.path == path })
	if i < 0 {
		return nil
	}
	return &rooms[i]
}
