package floors

import (
	"os"
	"path/filepath"
	"testing"
)

// root is the repository, seen from this package's folder.
const root = "../.."

func report(t *testing.T, complaints []string) {
	t.Helper()
	for _, complaint := range complaints {
		t.Error(complaint)
	}
}

func TestHouse(t *testing.T) {
	house := house()
	t.Run("the table is sound", func(t *testing.T) { report(t, theHouseStands(house)) })

	tree, err := load(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.own) < 2 || len(tree.standard) == 0 {
		t.Fatalf("go list found %d packages of ours and %d of the standard library", len(tree.own), len(tree.standard))
	}
	t.Run("every package has a place", func(t *testing.T) { report(t, everyPackageHasAPlace(tree, house)) })
	t.Run("imports point down", func(t *testing.T) { report(t, importsPointDown(tree, house)) })
	t.Run("bare rooms stay bare", func(t *testing.T) { report(t, bareRoomsStayBare(tree, house)) })
	t.Run("guests stay in their rooms", func(t *testing.T) { report(t, guestsStayInTheirRooms(tree, guests())) })
	t.Run("the Graph SDK stays light", func(t *testing.T) { report(t, theGraphSDKStaysLight(tree, graphSDKAllowed())) })
	t.Run("production knows no tests", func(t *testing.T) { report(t, productionKnowsNoTests(tree, house)) })
	t.Run("packages have names", func(t *testing.T) { report(t, packagesHaveNames(tree)) })

	for _, p := range tree.own {
		if !production(p.path) {
			continue
		}
		t.Run(p.path, func(t *testing.T) {
			s, err := readSource(p.path, p.dir)
			if err != nil {
				t.Fatal(err)
			}
			report(t, noInit(s))
			report(t, noExit(s))
			report(t, noPackageState(s, exceptions()))
			report(t, mainStaysShort(s))
		})
	}
}

func TestModules(t *testing.T) {
	r, err := readRequirements(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Require) == 0 {
		t.Fatal("go.mod requires nothing: this test looks at the wrong file")
	}
	report(t, modulesArePublic(r, string(sums)))
}

func TestDocuments(t *testing.T) {
	complaints, err := linksLead(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	report(t, complaints)
	complaints, err = testsExist(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	report(t, complaints)
}
